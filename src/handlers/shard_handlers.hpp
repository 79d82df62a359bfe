// The loaded handlers of one shard: where they stand in its chains, what they count, and how others take their place
// while queries wait in them.
//
// A handler that comes is started before it is asked, with the others that come: they serve all together, or none of
// them. One that goes answers the queries that are in it; then its own tasks are stopped and joined, and it is closed
// and destroyed, all of that on the shard's thread.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "taut/base/counter.hpp"
#include "taut/base/histogram.hpp"
#include "taut/base/local_ref.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/query.hpp"
#include "taut/io/deadline.hpp"
#include "taut/io/shard.hpp"
#include "taut/resolver/resolver.hpp"
#include "taut/server/handler_place.hpp"

namespace taut {

// Of one name on one shard, whatever handlers have had it.
struct HandlerCounters {
  Counter answered;
  Counter passedOn;
  Counter failed;  // threw, or was given up by the server
  Counter waiting;
  DurationCounters durations;  // of all that have ended
};

// One handler of a shard. Made on any thread, and used on the shard's.
class RunningHandler {
 public:
  // For names at or below the suffixes; for every name where there are none. `label` says in messages which one it is.
  // None of the pointers is null.
  RunningHandler(std::string label, HandlerPlace place, std::vector<Name> suffixes, std::shared_ptr<Resolver> resolver,
                 std::shared_ptr<HandlerCounters> counters);
  RunningHandler(const RunningHandler&) = delete;
  RunningHandler& operator=(const RunningHandler&) = delete;

  HandlerPlace place() const { return place_; }
  bool isFor(const Query& query) const;
  Resolver& resolver() { return *resolver_; }
  HandlerCounters& counters() { return *counters_; }

  // Throws std::runtime_error that says which handler it is, and why.
  Task<> start();
  // Waits until it is in no list any more, or the token stops.
  Task<> unused(StopToken stop);
  // Stops and joins its own tasks, closes it, and destroys it where it is in no list. Once; again it does nothing.
  Task<> close();

 private:
  friend class HandlerList;

  const std::string label_;
  const HandlerPlace place_;
  const std::vector<Name> suffixes_;
  std::shared_ptr<Resolver> resolver_;  // null once it is destroyed
  const std::shared_ptr<HandlerCounters> counters_;
  TaskScope work_;
  Event unused_;
  Event started_;
  std::size_t lists_ = 0;  // that name it
  bool isStarting_ = false;
  bool isClosed_ = false;
};

using Handlers = std::vector<std::shared_ptr<RunningHandler>>;

// Those of one place, in order: what a query is asked of. It lives as long as such a query.
class HandlerList final : public LocalCounted {
 public:
  explicit HandlerList(Handlers handlers);
  ~HandlerList();

  // The place of the first one from here on that is for the query; `size` where there is none.
  std::size_t find(const Query& query, std::size_t from) const;
  std::size_t size() const { return handlers_.size(); }
  RunningHandler& at(std::size_t index) const { return *handlers_[index]; }

 private:
  Handlers handlers_;
};

class ShardHandlers {
 public:
  // These serve from the start. The shard has not run yet, and outlives the object's use.
  ShardHandlers(Shard& shard, Handlers handlers);
  ShardHandlers(const ShardHandlers&) = delete;
  ShardHandlers& operator=(const ShardHandlers&) = delete;
  ~ShardHandlers();

  // For chains, which share it: asks the handlers of the place, whichever these are at the time.
  const std::shared_ptr<Resolver>& at(HandlerPlace place) const { return chains_[static_cast<std::size_t>(place)]; }

  // On the shard's thread, as are all others. Starts those of the start, before the first query. Throws as
  // RunningHandler::start does.
  Task<> start();

  // Starts others, and says how that went: empty, or why one of them did not start.
  void startOthers(const Handlers& others, std::function<void(const std::string& failure)> done);
  // Ends those that were started and are not wanted after all.
  void discard(const Handlers& others);
  // These serve from now on, all of them started. Those before that are not among them go.
  void replace(Handlers handlers);

  // Ends all. After the last query, with `start` awaited or not.
  Task<> close();

 private:
  class Chain;

  Task<> startAll(std::shared_ptr<Deadline> limit, Handlers others, std::function<void(const std::string&)> done);
  Task<> retire(std::shared_ptr<RunningHandler> handler);
  Task<> end(std::shared_ptr<RunningHandler> handler);
  void setLists();

  Shard& shard_;
  std::array<std::shared_ptr<Resolver>, 2> chains_;
  Handlers serving_;
  Handlers started_;  // to serve, or to be discarded
  TaskScope starting_;
  TaskScope retiring_;
  bool isClosed_ = false;
};

}  // namespace taut
