#include "connection.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace taut::ctl {

namespace {

std::string adviceFor(const std::string& path, int error) {
  if (error == ENOENT) return "; is tautd running, with server.control or --control and this path?";
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

// With the descriptors that come with the octets.
ssize_t Connection::receive(char* octets, std::size_t size) {
  constexpr std::size_t most = 253;  // of one message, as the kernel has it
  alignas(cmsghdr) std::array<char, CMSG_SPACE(most * sizeof(int))> control;
  iovec vector{octets, size};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const auto count = ::recvmsg(fd_.get(), &message, MSG_CMSG_CLOEXEC);
  if (count < 0) return count;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t at = 0; at + sizeof(int) <= header->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + at, sizeof fd);
      descriptors_.emplace_back(fd);
    }
  }
  if (message.msg_flags & MSG_CTRUNC)
    throw ConnectionError(fmt::format("{}: too few descriptors may be open (`ulimit -n`)", path_));
  return count;
}

bool Connection::fill(const Wait& wait) {
  std::array<char, 65536> received;
  if (wait && !wait(fd_.get())) return false;
  const auto count = receive(received.data(), received.size());
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
