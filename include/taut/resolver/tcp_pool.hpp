// TcpPool keeps TCP connections to DNS servers and asks many questions on each (RFC 7766):
//
//   auto reply = co_await pool.exchange(server, query, stop);
//
// - Questions are sent without waiting for the replies to those before them, and replies may come in any order
//   (sections 6.2.1.1 and 7). A reply belongs to the question on its connection that has its ID.
// - A question takes a connection on which nothing is asked, or else a new one, or else, where there are `maxPerServer`
//   or no more are allowed, the one with the fewest questions.
// - A connection on which nothing is asked is kept for `idleTime`. A server may end one at any moment: a question that
//   was sent on a connection of others is sent once more, on a new one, where that ended before the reply
//   (section 6.2.4).
// - A question that is stopped makes its connection take no further ones: who knows whether the server still answers
//   there. A message that nobody has asked for ends its connection.
// - Where `maxConnections` are in use, questions to other servers wait in the order of asking.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/local_pool.hpp"
#include "taut/base/local_ref.hpp"
#include "taut/base/result.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/semaphore.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/io_result.hpp"
#include "taut/io/shard.hpp"
#include "taut/resolver/source_addresses.hpp"

namespace taut {

struct TcpPoolOptions {
  std::size_t maxConnections = 100;           // at least 1
  std::size_t maxPerServer = 4;               // at least 1
  std::chrono::milliseconds idleTime{10000};  // how long a connection is kept that is not used
  SourceAddresses sources{};                  // connections are made from these
};

class TcpPool {
 public:
  // Throws std::invalid_argument where no connection is allowed.
  explicit TcpPool(Shard& shard, const TcpPoolOptions& options = {});
  TcpPool(const TcpPool&) = delete;
  TcpPool& operator=(const TcpPool&) = delete;
  // After `close`, or where no exchange was ever begun.
  ~TcpPool();

  // The reply's message, at least the 12 octets of a header; or why there is none: ENODATA where the server has ended
  // the connection, EBADMSG where it sends what is none, ECANCELED where the token stops the wait. What bounds the time
  // is the token. The query, whole and with an ID of the caller's choice, stays in place until then.
  using Reply = Result<LocalBytes, IoResult>;
  Task<Reply> exchange(Address server, ByteSpan query, StopToken stop);

  // How many connections there are, and how many of them are not used.
  std::size_t size() const noexcept { return connections_.size(); }
  std::size_t idle() const noexcept { return idle_; }
  // Closes connections that are not used until `most` of them are left.
  void trimIdle(std::size_t most) noexcept {
    while (idle_ > most && closeOldestIdle()) {
    }
  }

  // Closes all connections. No exchange is under way.
  Task<> close();

 private:
  class Connection;
  class Waiter;

  LocalRef<Connection> find(const Address& server, std::uint16_t id);
  LocalRef<Connection> open(const Address& server, Semaphore::Permit place);
  Task<LocalRef<Connection>> connectionFor(Address server, std::uint16_t id, bool mustBeNew, StopToken stop);
  Task<Reply> ask(Connection& connection, ByteSpan query, StopToken stop);
  void use(Connection& connection);
  Task<> serve(LocalRef<Connection> connection);
  Task<IoResult> readReplies(Connection& connection);
  void keep(Connection& connection) noexcept;
  void remove(const Connection& connection) noexcept;
  bool closeOldestIdle() noexcept;

  Shard& shard_;
  TcpPoolOptions options_;
  Semaphore places_;
  std::size_t waiting_ = 0;  // for a place
  std::vector<LocalRef<Connection>> connections_;
  std::size_t idle_ = 0;
  TaskScope readers_;
};

}  // namespace taut
