#include "taut/net/tcp_stream.hpp"

#include <linux/tcp.h>  // has more of tcp_info than the header of the C library
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>

#include "socket.hpp"

namespace taut {

namespace {

class ConnectOperation final : public SingleOperation {
 public:
  ConnectOperation(Engine& engine, int fd, const Address& peer, StopToken stop) noexcept
      : SingleOperation(engine, stop) {
    request().kind = Request::Kind::connect;
    request().fd = fd;
    request().length = peer.toSockaddr(name_);
    request().data = &name_;
  }

 private:
  sockaddr_storage name_{};
};

// One send of up to two pieces.
class GatheredSend final : public SingleOperation {
 public:
  GatheredSend(Engine& engine, int fd, std::span<const std::uint8_t> head, std::span<const std::uint8_t> body,
               StopToken stop) noexcept
      : SingleOperation(engine, stop) {
    add(head);
    add(body);
    message_.msg_iov = vectors_.data();
    request().kind = Request::Kind::sendMessage;
    request().fd = fd;
    request().data = &message_;
  }

 private:
  void add(std::span<const std::uint8_t> piece) noexcept {
    if (piece.empty()) return;
    vectors_[message_.msg_iovlen++] = {const_cast<std::uint8_t*>(piece.data()), piece.size()};
  }

  std::array<iovec, 2> vectors_{};
  msghdr message_{};
};

}  // namespace

TcpStream::TcpStream(Shard& shard, UniqueFd fd, const Address& peer) noexcept
    : shard_(&shard), fd_(std::move(fd)), peer_(peer) {
  // Each message is written in one piece, so the kernel need not wait for more of it.
  detail::setOption(fd_.get(), IPPROTO_TCP, TCP_NODELAY, 1);
}

Task<Result<TcpStream, IoResult>> TcpStream::connect(Shard& shard, Address peer, StopToken stop, Address source) {
  UniqueFd fd = detail::openSocket(peer.family(), SOCK_STREAM, source);
  if (!fd) co_return Failure(IoResult::failure(errno));
  const IoResult connected = co_await ConnectOperation(shard.engine(), fd.get(), peer, stop);
  if (!connected) co_return Failure(connected);
  co_return TcpStream(shard, std::move(fd), peer);
}

Address TcpStream::localAddress() const noexcept {
  return detail::localAddressOf(fd_.get());
}

TcpStream::ReadAwaiter::ReadAwaiter(Engine& engine, int fd, std::span<std::uint8_t> buffer, StopToken stop) noexcept
    : SingleOperation(engine, stop) {
  request().kind = Request::Kind::receive;
  request().fd = fd;
  request().data = buffer.data();
  request().length =
      static_cast<std::uint32_t>(std::min<std::size_t>(buffer.size(), std::numeric_limits<std::int32_t>::max()));
}

TcpStream::WriteAwaiter::WriteAwaiter(Engine& engine, int fd, std::span<const std::uint8_t> bytes,
                                      StopToken stop) noexcept
    : SingleOperation(engine, stop) {
  request().kind = Request::Kind::send;
  request().fd = fd;
  request().data = const_cast<std::uint8_t*>(bytes.data());
  request().length =
      static_cast<std::uint32_t>(std::min<std::size_t>(bytes.size(), std::numeric_limits<std::int32_t>::max()));
}

Task<IoResult> TcpStream::readAll(Engine& engine, int fd, std::span<std::uint8_t> buffer, StopToken stop) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const IoResult read = co_await ReadAwaiter(engine, fd, buffer.subspan(filled), stop);
    if (!read) co_return read;
    if (read.value() == 0) break;
    filled += read.value();
  }
  co_return IoResult(static_cast<int>(filled));
}

Task<IoResult> TcpStream::writeBoth(Engine& engine, int fd, std::span<const std::uint8_t> head,
                                    std::span<const std::uint8_t> body, StopToken stop) {
  const std::size_t total = head.size() + body.size();
  while (!head.empty() || !body.empty()) {
    const IoResult sent = co_await GatheredSend(engine, fd, head, body, stop);
    if (!sent) co_return sent;
    const std::size_t ofHead = std::min(sent.value(), head.size());
    head = head.subspan(ofHead);
    body = body.subspan(std::min(sent.value() - ofHead, body.size()));
  }
  co_return IoResult(static_cast<int>(total));
}

IoResult TcpStream::sendNow(std::span<const std::uint8_t> bytes) noexcept {
  const auto sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent < 0 ? IoResult::failure(errno) : IoResult(static_cast<int>(sent));
}

bool TcpStream::isQuiet() const noexcept {
  if (!isOpen()) return false;
  std::uint8_t octet = 0;
  const auto come = ::recv(fd_.get(), &octet, sizeof octet, MSG_PEEK | MSG_DONTWAIT);
  return come < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

// The kernel counts the time since data has come from when the connection was made.
bool TcpStream::isFresh(std::chrono::milliseconds age) const noexcept {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (::getsockopt(fd_.get(), IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return false;
  return info.tcpi_bytes_received == 0 && std::chrono::milliseconds(info.tcpi_last_data_recv) < age;
}

void TcpStream::shutdownWrite() noexcept {
  ::shutdown(fd_.get(), SHUT_WR);
}

void TcpStream::shutdownRead() noexcept {
  ::shutdown(fd_.get(), SHUT_RD);
}

void TcpStream::shutdown() noexcept {
  ::shutdown(fd_.get(), SHUT_RDWR);
}

void TcpStream::reset() noexcept {
  linger now{};
  now.l_onoff = 1;
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  fd_.reset();
}

}  // namespace taut
