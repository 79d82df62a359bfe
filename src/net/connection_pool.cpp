#include "taut/net/connection_pool.hpp"

#include <cassert>
#include <new>
#include <stdexcept>

namespace taut {

ConnectionPool::ConnectionPool(Shard& shard, const Address& service, const ConnectionPoolOptions& options)
    : Timer(&timeCame), shard_(shard), service_(service), options_(options), places_(options.maxConnections) {
  if (options.maxConnections == 0) throw std::invalid_argument("a pool of connections that allows none");
}

ConnectionPool::~ConnectionPool() {
  assert(!uses_.any() && "a pool of connections is closed before it ends");
}

std::optional<BufferedStream> ConnectionPool::takeKept() {
  while (!kept_.empty()) {
    Kept last = std::move(kept_.back());
    kept_.pop_back();
    if (last.until > shard_.now() && last.connection.isQuiet()) return std::move(last.connection);
  }
  return std::nullopt;
}

void ConnectionPool::keep(BufferedStream connection) {
  if (closing_.stopRequested() || !connection.isOpen() || !connection.buffered().empty()) return;
  try {
    kept_.push_back({std::move(connection), shard_.now() + options_.idleTime});
    if (!armed()) shard_.timers().arm(*this, kept_.front().until);
  } catch (const std::bad_alloc&) {
    // The exchange has its outcome; the next one has a new connection, or this one for as long as it lasts.
  }
}

IoResult ConnectionPool::reason(IoResult failure, const Deadline& deadline) {
  return failure.stopped() && deadline.expired() ? IoResult::failure(ETIMEDOUT) : failure;
}

void ConnectionPool::timeCame(Timer& timer) noexcept {
  static_cast<ConnectionPool&>(timer).closeIdle();
}

void ConnectionPool::closeIdle() noexcept {
  while (!kept_.empty() && kept_.front().until <= shard_.now()) kept_.pop_front();
  if (kept_.empty()) return;
  try {
    shard_.timers().arm(*this, kept_.front().until);
  } catch (const std::bad_alloc&) {
    kept_.clear();
  }
}

Task<> ConnectionPool::close() {
  closing_.requestStop();
  kept_.clear();
  disarm();
  co_await uses_.end();
}

}  // namespace taut
