#include "connection.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace taut::ctl {

namespace {

std::string adviceFor(const std::string& path, int error) {
  if (error == ENOENT) return "; is tautd running, with --control and this path?";
  struct stat status {};
  if (error == ECONNREFUSED && ::stat(path.c_str(), &status) == 0 && !S_ISSOCK(status.st_mode))
    return "; it is no socket, expected the one of tautd --control";
  if (error == ECONNREFUSED) return "; tautd has left it, and does not run any more";
  if (error == EACCES) return "; expected root, the user of tautd, or its group";
  return {};
}

}  // namespace

Connection::Connection(const std::string& path) : path_(path), fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path)
    throw ConnectionError(fmt::format("{}: expected a path of at most {} octets", path, sizeof name.sun_path - 1));
  path.copy(name.sun_path, path.size());
  if (fd_ && ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0) return;
  const int error = errno;
  throw ConnectionError(fmt::format("{}: {}{}", path, std::generic_category().message(error), adviceFor(path, error)));
}

bool Connection::fill(const Wait& wait) {
  std::array<char, 65536> received;
  if (wait && !wait(fd_.get())) return false;
  const auto count = ::recv(fd_.get(), received.data(), received.size(), 0);
  if (count < 0 && errno == EINTR) return true;
  if (count <= 0) throw ConnectionError(fmt::format("{}: the server has ended the connection", path_));
  buffer_.append(received.data(), static_cast<std::size_t>(count));
  return true;
}

std::optional<std::string> Connection::readLine(const Wait& wait) {
  std::size_t end = buffer_.find('\n');
  for (; end == std::string::npos; end = buffer_.find('\n')) {
    if (buffer_.size() > (1 << 20)) throw ConnectionError(fmt::format("{}: no reply of tautd", path_));
    if (!fill(wait)) return std::nullopt;
  }
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  return line;
}

ControlLine Connection::ask(const ControlRequest& request, const Take& take, const Wait& wait) {
  const std::string line = request.toLine();
  if (::send(fd_.get(), line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size()))
    throw ConnectionError(fmt::format("{}: the server has ended the connection", path_));
  while (const auto next = readLine(wait)) {
    auto announced = ControlLine::parse(*next);
    if (!announced) throw ConnectionError(fmt::format("{}: no reply of tautd", path_));
    if (!announced->octets) return std::move(*announced);
    for (std::size_t left = *announced->octets; left > 0;) {
      if (buffer_.empty() && !fill(wait)) return {};
      const std::size_t size = std::min(left, buffer_.size());
      if (!take(std::string_view(buffer_).substr(0, size))) return {};
      buffer_.erase(0, size);
      left -= size;
    }
  }
  return {};
}

}  // namespace taut::ctl
