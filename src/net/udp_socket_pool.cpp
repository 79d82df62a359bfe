#include "taut/net/udp_socket_pool.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "socket.hpp"

namespace taut {

namespace {

bool leavesPeer(int fd) noexcept {
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  return ::connect(fd, &nobody, sizeof nobody) == 0;
}

// Whether neither a datagram nor an error was left in it.
bool isEmpty(int fd) noexcept {
  std::uint8_t octet = 0;
  return ::recv(fd, &octet, sizeof octet, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

}  // namespace

Result<UdpSocket, IoResult> UdpSocketPool::connect(const Address& peer, const Address& source) {
  Queue& queue = peer.isV4() ? v4_ : v6_;
  if (!source.empty() || queue.count <= resting) return UdpSocket::connect(shard_, peer, source);
  UniqueFd fd = take(queue);
  if (isEmpty(fd.get()) && detail::connectSocket(fd.get(), peer)) return UdpSocket(shard_, std::move(fd));
  return UdpSocket::connect(shard_, peer);
}

UniqueFd UdpSocketPool::take(Queue& queue) noexcept {
  UniqueFd fd = std::move(queue.sockets[queue.first]);
  queue.first = (queue.first + 1) % maxKept;
  --queue.count;
  return fd;
}

void UdpSocketPool::giveBack(UdpSocket socket, const Address& peer) noexcept {
  Queue& queue = peer.isV4() ? v4_ : v6_;
  if (queue.count == maxKept || !leavesPeer(socket.fd())) return;
  queue.sockets[(queue.first + queue.count) % maxKept] = std::move(socket.fd_);
  ++queue.count;
}

}  // namespace taut
