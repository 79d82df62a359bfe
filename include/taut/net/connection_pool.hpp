// ConnectionPool keeps TCP connections to one service, for a protocol of questions and replies:
//
//   auto ping = [](BufferedStream& service) { return askOnce(service); };   // a Task<Result<Reply, IoResult>>
//   const auto reply = co_await pool.exchange(ping);
//
// - A connection that an exchange has left open, with nothing unread, is kept for the next exchange. One on which
//   something has come meanwhile, or its end, is not used again.
// - The service may end a kept connection in the very moment in which it is used. An exchange that fails on a kept
//   connection before an octet of a reply has come is done once more, on a new one. The service may have taken the
//   first question all the same: where that does harm, ask with Repeat::never.
// - There are never more connections than the limit; exchanges wait for one in the order of asking.
// - An exchange fails with ETIMEDOUT when its deadline is over, and with ECANCELED where its task is stopped or the
//   pool is closed.
#pragma once

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <type_traits>
#include <utility>

#include "taut/base/address.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/result.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/current_stop_token.hpp"
#include "taut/coro/semaphore.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/uses.hpp"
#include "taut/io/deadline.hpp"
#include "taut/io/io_result.hpp"
#include "taut/io/shard.hpp"
#include "taut/io/timer.hpp"
#include "taut/net/buffered_stream.hpp"
#include "taut/net/tcp_stream.hpp"

namespace taut {

struct ConnectionPoolOptions {
  std::size_t maxConnections = 8;                        // at least 1
  std::chrono::milliseconds idleTime{30000};             // how long a connection is kept that is not used
  std::chrono::milliseconds deadline{5000};              // for an exchange, with all of its waits
  std::size_t readLimit = BufferedStream::defaultLimit;  // octets, of one read
};

class ConnectionPool final : private Timer {
 public:
  enum class Repeat { once, never };

  // Throws std::invalid_argument where no connection is allowed.
  ConnectionPool(Shard& shard, const Address& service, const ConnectionPoolOptions& options = {});
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;
  // After `close`, or where no exchange was ever begun that has not ended.
  ~ConnectionPool();

  // `function(BufferedStream&)` is a task of a Result whose error is an IoResult, and is called a second time where the
  // exchange is repeated. It closes a connection that must not be kept. A connection on which it fails is closed, also
  // where it throws.
  template <typename Function>
  std::invoke_result_t<Function&, BufferedStream&> exchange(Function function, Repeat repeat = Repeat::once) {
    const Uses::Use use(uses_);
    const StopToken parent = co_await currentStopToken();
    StopSource ended(parent);
    const StopCallback endWithPool(closing_.token(), [&ended]() noexcept { ended.requestStop(); });
    Deadline deadline(shard_, options_.deadline, ended.token());
    co_await detail::obey(deadline.token());
    const Semaphore::Permit place = co_await places_.acquire();
    if (!place) co_return Failure(reason(IoResult::failure(ECANCELED), deadline));
    if (auto kept = takeKept()) {
      const auto before = kept->received();
      auto outcome = co_await function(*kept);
      if (outcome) {
        keep(std::move(*kept));
        co_return outcome;
      }
      const bool unheard = kept->received() == before && !outcome.error().stopped();
      if (!unheard || repeat == Repeat::never) co_return Failure(reason(outcome.error(), deadline));
    }
    auto stream = co_await TcpStream::connect(shard_, service_);
    if (!stream) co_return Failure(reason(stream.error(), deadline));
    BufferedStream connection(std::move(*stream), options_.readLimit);
    auto outcome = co_await function(connection);
    if (!outcome) co_return Failure(reason(outcome.error(), deadline));
    keep(std::move(connection));
    co_return outcome;
  }

  // How many connections are kept that no exchange uses.
  std::size_t kept() const noexcept { return kept_.size(); }

  // Closes all connections. Exchanges that go on are stopped, and have ended by then; later ones fail.
  Task<> close();

 private:
  struct Kept {
    BufferedStream connection;
    TimePoint until;
  };

  std::optional<BufferedStream> takeKept();
  void keep(BufferedStream connection);
  static IoResult reason(IoResult failure, const Deadline& deadline);
  static void timeCame(Timer& timer) noexcept;
  void closeIdle() noexcept;

  Shard& shard_;
  Address service_;
  ConnectionPoolOptions options_;
  StopSource closing_;
  Semaphore places_;
  std::deque<Kept> kept_;  // the one that was used last is the last
  Uses uses_;              // exchanges
};

}  // namespace taut
