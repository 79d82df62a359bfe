#include "taut/net/given_sockets.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "socket.hpp"

namespace taut {

namespace {

std::optional<int> optionOf(int fd, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  if (::getsockopt(fd, SOL_SOCKET, name, &value, &length) != 0) return std::nullopt;
  return value;
}

// What tells two descriptors of one socket from those of two.
std::uint64_t cookieOf(int fd) {
  std::uint64_t cookie = 0;
  socklen_t length = sizeof cookie;
  return ::getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length) == 0 ? cookie : 0;
}

bool isConnected(int fd) {
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  return ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) == 0;
}

std::string pathOf(int fd) {
  sockaddr_un name{};
  socklen_t length = sizeof name;
  constexpr std::size_t before = offsetof(sockaddr_un, sun_path);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length) != 0 || length <= before) return {};
  const std::string_view path(name.sun_path, std::min<std::size_t>(length, sizeof name) - before);
  return std::string(path.substr(0, path.find('\0')));
}

std::optional<GivenSockets::Kind> kindOf(int fd) {
  const auto family = optionOf(fd, SO_DOMAIN);
  const auto type = optionOf(fd, SO_TYPE);
  if (!family || !type || isConnected(fd)) return std::nullopt;
  const bool isInternet = family == AF_INET || family == AF_INET6;
  if (isInternet && type == SOCK_DGRAM) return GivenSockets::Kind::datagrams;
  if (isInternet && type == SOCK_STREAM) return GivenSockets::Kind::streams;
  if (family == AF_UNIX && type == SOCK_STREAM) return GivenSockets::Kind::local;
  return std::nullopt;
}

}  // namespace

bool GivenSockets::add(UniqueFd fd) {
  const auto kind = kindOf(fd.get());
  if (!kind) return false;
  Socket socket;
  socket.kind = *kind;
  socket.cookie = cookieOf(fd.get());
  if (*kind == Kind::local)
    socket.path = pathOf(fd.get());
  else
    socket.address = detail::localAddressOf(fd.get());
  const bool isBound = !socket.path.empty() || socket.address.port() != 0;
  if (!isBound) return false;
  const bool isThere =
      socket.cookie != 0 && std::ranges::find(sockets_, socket.cookie, &Socket::cookie) != sockets_.end();
  socket.fd = std::move(fd);
  if (!isThere) sockets_.push_back(std::move(socket));
  return true;
}

UniqueFd GivenSockets::take(Kind kind, const Address& address, std::string_view path) {
  const auto found = std::ranges::find_if(sockets_, [&](const Socket& socket) {
    return socket.kind == kind && socket.address == address && socket.path == path;
  });
  if (found == sockets_.end()) return UniqueFd();
  UniqueFd fd = std::move(found->fd);
  sockets_.erase(found);
  return fd;
}

std::vector<GivenSockets::Socket> GivenSockets::takeRest() {
  return std::exchange(sockets_, {});
}

std::vector<Address> GivenSockets::addresses() const {
  std::vector<Address> addresses;
  for (const Socket& socket : sockets_)
    if (socket.kind != Kind::local && std::ranges::find(addresses, socket.address) == addresses.end())
      addresses.push_back(socket.address);
  return addresses;
}

std::vector<Address> GivenSockets::datagramAddresses() const {
  std::vector<Address> addresses;
  for (const Socket& socket : sockets_)
    if (socket.kind == Kind::datagrams) addresses.push_back(socket.address);
  return addresses;
}

Address GivenSockets::withPort(const Address& address) const {
  if (address.port() != 0) return address;
  const auto found = std::ranges::find_if(sockets_, [&](const Socket& socket) {
    return socket.kind == Kind::datagrams && socket.address.sameHost(address);
  });
  return found == sockets_.end() ? address : found->address;
}

}  // namespace taut
