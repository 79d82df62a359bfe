#include "taut/net/receive_drops.hpp"

#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <array>

namespace taut {

namespace {

std::uint64_t dropsOf(int fd) noexcept {
  std::array<std::uint32_t, SK_MEMINFO_VARS> values{};
  socklen_t size = sizeof values;
  if (::getsockopt(fd, SOL_SOCKET, SO_MEMINFO, values.data(), &size) != 0) return 0;
  return values[SK_MEMINFO_DROPS];
}

}  // namespace

ReceiveDrops::Socket::Socket(ReceiveDrops& drops, int fd) noexcept : drops_(drops), fd_(fd) {
  const std::scoped_lock lock(drops_.mutex_);
  drops_.sockets_.pushBack(*this);
}

ReceiveDrops::Socket::~Socket() {
  const std::scoped_lock lock(drops_.mutex_);
  drops_.closed_ += dropsOf(fd_);
  unlink();
}

std::uint64_t ReceiveDrops::total() const {
  const std::scoped_lock lock(mutex_);
  std::uint64_t total = closed_;
  for (const Socket& socket : sockets_) total += dropsOf(socket.fd_);
  return total;
}

}  // namespace taut
