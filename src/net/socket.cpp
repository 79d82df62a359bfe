#include "socket.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <string_view>

#include "taut/net/listen_error.hpp"

namespace taut::detail {

namespace {

void setBuffers(int fd, const BindOptions& options) noexcept {
  if (options.receiveBuffer > 0) setOption(fd, SOL_SOCKET, SO_RCVBUF, options.receiveBuffer);
  if (options.sendBuffer > 0) setOption(fd, SOL_SOCKET, SO_SNDBUF, options.sendBuffer);
}

UniqueFd openSocket(const Address& address, const BindOptions& options, bool reusePort) {
  // Not O_NONBLOCK: an operation of io_uring that cannot go on now waits inside the kernel, and does not fail.
  UniqueFd fd(::socket(address.family(), options.type | SOCK_CLOEXEC, 0));
  if (!fd) throwListenError(errno, address, options.protocol);
  if (address.isV6()) setOption(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (options.type == SOCK_STREAM) setOption(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (reusePort) setOption(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (options.mayBeAbsent) setOption(fd.get(), IPPROTO_IP, IP_FREEBIND, 1);
  setBuffers(fd.get(), options);
  sockaddr_storage name{};
  const socklen_t length = address.toSockaddr(name);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), length) != 0) {
    throwListenError(errno, address, options.protocol);
  }
  return fd;
}

}  // namespace

void throwListenError(int error, const Address& address, std::string_view protocol) {
  throw ListenError(error, address, protocol);
}

// A socket that does not share its port is bound first. It finds out whether another process has the wanted port, and
// picks a port that is free: for a sharing socket the system may choose a port of another server of the same user.
UniqueFd bindSocket(const Address& address, const BindOptions& options) {
  const bool choose = address.port() == 0;
  if (!options.reusePort || (!choose && !options.mustBeFree)) return openSocket(address, options, options.reusePort);
  UniqueFd alone = openSocket(address, options, false);
  const Address bound = address.withPort(localAddressOf(alone.get()).port());
  alone.reset();
  return openSocket(bound, options, true);
}

// Whether it waits is left as it is: the process that had the socket before may still go by it. Others may leave out
// what lets threads share the port.
bool connectSocket(int fd, const Address& peer) noexcept {
  sockaddr_storage name{};
  const socklen_t length = peer.toSockaddr(name);
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&name), length) == 0;
}

void adoptSocket(int fd, const BindOptions& options) noexcept {
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  if (options.reusePort) setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  setBuffers(fd, options);
}

// The port is chosen when the peer is known, so that several connections may have the same.
UniqueFd openSocket(int family, int type, const Address& source) noexcept {
  UniqueFd fd(::socket(family, type | SOCK_CLOEXEC, 0));
  if (!fd || source.empty()) return fd;
  setOption(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  sockaddr_storage name{};
  const socklen_t length = source.withPort(0).toSockaddr(name);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), length) == 0) return fd;
  const int reason = errno;
  fd.reset();
  errno = reason;
  return fd;
}

void setOption(int fd, int level, int name, int value) noexcept {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

Address localAddressOf(int fd) noexcept {
  sockaddr_storage name{};
  socklen_t length = sizeof name;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length) != 0) return {};
  return Address::fromSockaddr(&name, length);
}

}  // namespace taut::detail
