#include "taut/net/tcp_listener.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "socket.hpp"
#include "taut/base/log.hpp"
#include "taut/io/operation.hpp"
#include "taut/io/sleep.hpp"

namespace taut {

namespace {

constexpr Duration firstPause = std::chrono::milliseconds(10);
constexpr Duration longestPause = std::chrono::seconds(1);
constexpr Duration complaintInterval = std::chrono::minutes(1);

class AcceptOperation final : public SingleOperation {
 public:
  // Holds the peer's address. It outlives the operation, because the address is read after it.
  struct Peer {
    sockaddr_storage name{};
    std::uint32_t length = sizeof(sockaddr_storage);
  };

  AcceptOperation(Engine& engine, int fd, Peer& peer, StopToken stop) noexcept : SingleOperation(engine, stop) {
    request().kind = Request::Kind::accept;
    request().fd = fd;
    request().data = &peer.name;
    request().addressLength = &peer.length;
  }
};

// Whether the error belongs to the connection that was to be accepted, and not to the listener (accept(2)).
bool concernsConnection(int error) noexcept {
  switch (error) {
    case ECONNABORTED:
    case EINTR:
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case EPERM:
      return true;
    default:
      return false;
  }
}

detail::BindOptions bindOptions(const TcpOptions& options) {
  return detail::bindOptionsOf(options, "TCP", SOCK_STREAM);
}

}  // namespace

Task<std::optional<TcpStream>> ConnectionStream::next() {
  for (;;) {
    AcceptOperation::Peer peer;
    const IoResult accepted = co_await AcceptOperation(shard_.engine(), fd_, peer, stop_);
    if (accepted) {
      UniqueFd fd(static_cast<int>(accepted.value()));
      pause_ = Duration::zero();
      const Address address = Address::fromSockaddr(&peer.name, peer.length);
      co_return TcpStream(shard_, std::move(fd), address);
    }
    if (accepted.stopped()) co_return std::nullopt;
    if (accepted.error() == EAGAIN) {
      // Another process has this socket too, and has told it not to wait; some kernels then have io_uring not wait.
      co_await ReadableOperation(shard_.engine(), fd_, stop_);
      continue;
    }
    if (concernsConnection(accepted.error())) continue;
    const bool goesOn = co_await pauseAfter(accepted);
    if (!goesOn) co_return std::nullopt;
  }
}

// False where the token was stopped meanwhile.
Task<bool> ConnectionStream::pauseAfter(IoResult failure) {
  if (!complained_ || shard_.now() >= *complained_ + complaintInterval) {
    log::warning("cannot accept connections for now: {}", failure.message());
    complained_ = shard_.now();
  }
  pause_ = std::clamp(2 * pause_, firstPause, longestPause);
  ++pauses_;
  if (makeRoom_) makeRoom_();
  const bool slept = co_await sleepFor(shard_, pause_, stop_);
  co_return slept;
}

std::optional<TcpStream> ConnectionStream::acceptNow() noexcept {
  ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) | O_NONBLOCK);
  sockaddr_storage name{};
  socklen_t length = sizeof name;
  UniqueFd fd(::accept4(fd_, reinterpret_cast<sockaddr*>(&name), &length, SOCK_CLOEXEC));
  if (!fd) return std::nullopt;
  return TcpStream(shard_, std::move(fd), Address::fromSockaddr(&name, length));
}

TcpListener TcpListener::bind(Shard& shard, const Address& address, const TcpOptions& options) {
  UniqueFd fd = detail::bindSocket(address, bindOptions(options));
  if (::listen(fd.get(), options.backlog) != 0) detail::throwListenError(errno, address, "TCP");
  return TcpListener(shard, std::move(fd));
}

TcpListener TcpListener::adopt(Shard& shard, UniqueFd fd, const TcpOptions& options) {
  detail::adoptSocket(fd.get(), bindOptions(options));
  if (::listen(fd.get(), options.backlog) != 0)
    detail::throwListenError(errno, detail::localAddressOf(fd.get()), "TCP");
  return TcpListener(shard, std::move(fd));
}

Address TcpListener::localAddress() const noexcept {
  return detail::localAddressOf(fd_.get());
}

}  // namespace taut
