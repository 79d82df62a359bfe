// The queries of one shard that wait for something, over all transports.
//
// One bound holds for all of them, because they use the same resources: sockets, memory, and the patience of upstream
// servers. One query too many stops the one that has waited longest of the client that has most of them
// (`ClientShares`). A zone transfer, which has a bound of its own (`TransferQuota`), counts among them no more.
//
// None waits for ever. A query without an answer when its time is over gets SERVFAIL from the server itself, and so
// does one that was asked to stop and has not ended soon. It gives back what it holds of its transport, and what its
// handler writes later is dropped. The handler goes on for as long as it wants to, and all that it may touch stays.
//
// The first message that a handler writes ends the time for an answer. From then on a query is given up when no message
// follows for as long, unless it waits for its client to read; then its connection ends too.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/intrusive_list.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/client.hpp"
#include "taut/dns/query.hpp"
#include "taut/io/shard.hpp"
#include "taut/io/timer.hpp"
#include "taut/server/client_shares.hpp"
#include "taut/server/current_query.hpp"
#include "taut/server/reply_channel.hpp"

namespace taut {

class QueriesInWork;
class ServerFactory;
class WaitingQueries;

// A query and the way back to its client, as a transport keeps them from the query's arrival to the end of its handler.
class WaitingQuery : public ReplyChannel,
                     private ClientShares::Place,
                     private ListHook<QueriesInWork>,
                     private ListHook<WaitingQueries> {
 public:
  ~WaitingQuery() override { leave(); }

  // Nothing for a message without a header, or one that is itself a response: it gets no reply.
  const std::optional<Query>& query() const { return query_; }
  Transport transport() const override { return query_->transport(); }
  const Address& peer() const override { return query_->peer(); }
  StopToken stopToken() { return stop_.token(); }
  void takeNoPlace() override;
  std::string view() const override;

  // Asks the query to stop and gives up its place. The query may have ended, and this object with it, on return.
  void stop();

 protected:
  // The query obeys a token of this object, whatever `client` has.
  WaitingQuery(ByteSpan message, QueryClient client, std::size_t udpLimit = defaultUdpSize)
      : query_(Query::parse(message, withToken(client), udpLimit)) {}

  // Takes this off all lists: what the derived class ends with.
  void leave();

  // What is left to say of a message that has lost its transport.
  struct Place {
    Address local;
    Address listener;
  };

 private:
  friend QueriesInWork;
  friend ServerFactory;
  friend WaitingQueries;
  friend IntrusiveList<WaitingQuery, QueriesInWork>;
  friend IntrusiveList<WaitingQuery, WaitingQueries>;

  // Gives back what it has of its transport, which may end before this object.
  virtual void leaveTransport() = 0;
  virtual bool waitsForPeer() const { return false; }

  const QueryClient& withToken(QueryClient& client) {
    client.stopToken = stopToken();
    client.arrival = this;
    return client;
  }
  // There was no memory for the coroutine.
  void leaveUnserved();
  // Whether messages have been written since it was last looked at, or cannot be because the peer does not read.
  bool hasProgressed();

  StopSource stop_;
  std::optional<Query> query_;
  QueriesInWork* transport_ = nullptr;
  ServerFactory* factory_ = nullptr;   // once it is to be served
  CurrentQuery* current_ = nullptr;    // while it is the current one
  WaitingQueries* waiting_ = nullptr;  // while it waits
  std::coroutine_handle<detail::TaskPromise<void>> task_;
  TimePoint since_{};  // when it began to wait, was asked to stop, or was last seen to progress
  std::size_t messagesSeen_ = 0;
  bool takesNoPlace_ = false;
};

class WaitingQueries : private Timer {
 public:
  static constexpr std::size_t defaultLimit = 768;
  static constexpr std::chrono::milliseconds defaultTimeout{10000};
  static constexpr std::chrono::milliseconds grace{1000};  // for a query that was asked to stop

  explicit WaitingQueries(ServerFactory& factory) : Timer(&timeCame), factory_(factory) {}

  // At least 1.
  void setLimit(std::size_t limit) { limit_ = limit; }
  void setTimeout(std::chrono::milliseconds timeout) { timeout_ = timeout; }

  // The query waits from now on, until it ends. The shard is the same each time.
  void add(WaitingQuery& query, Shard& shard);

  std::size_t size() const { return shares_.size(); }
  CurrentQuery& current() { return current_; }
  // Handlers that go on although their queries were given up.
  std::size_t givenUp() const { return handlers_.size(); }
  TaskScope::JoinAwaiter joinGivenUp() { return handlers_.join(); }
  // A line of the log for each of them, ten at most.
  void logGivenUp();

 private:
  friend WaitingQuery;
  using List = IntrusiveList<WaitingQuery, WaitingQueries>;

  // Queries that were asked to stop and have not ended hold buffers still: above so many the oldest is given up.
  std::size_t maxStopping() const { return limit_ / 16 + 1; }

  void stopping(WaitingQuery& query);
  void ended(WaitingQuery& query);
  void arm(TimePoint deadline);
  static void timeCame(Timer& timer) noexcept;
  void lookAtOldest();
  void look(WaitingQuery& query, std::string_view what);
  void giveUp(WaitingQuery& query, std::string_view what);

  ServerFactory& factory_;
  CurrentQuery current_;
  Shard* shard_ = nullptr;  // from the first query on that waits
  ClientShares shares_;
  TimePoint due_{};  // while the timer is armed
  List waiting_;     // in order of `since_`
  List stopping_;    // likewise
  std::size_t stoppingCount_ = 0;
  std::size_t limit_ = defaultLimit;
  std::chrono::milliseconds timeout_ = defaultTimeout;
  List givenUp_;
  TaskScope handlers_;  // of the queries that were given up
};

}  // namespace taut
