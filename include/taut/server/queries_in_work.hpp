// The queries of one socket or one connection: one coroutine for each, from its start to its end. Those that wait are
// known, so that they can be asked to stop.
#pragma once

#include <cstddef>
#include <memory>

#include "taut/base/intrusive_list.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/shard.hpp"
#include "taut/server/server_factory.hpp"
#include "taut/server/waiting_queries.hpp"

namespace taut {

class QueriesInWork {
 public:
  // The arguments outlive this object.
  QueriesInWork(Shard& shard, ServerFactory& factory) : shard_(shard), factory_(factory) {}

  // Serves the query, which has a `query()`. It has ended on return, or is known to wait. Throws std::bad_alloc where
  // there is no memory for its coroutine; the query has ended then, without a reply.
  void start(std::unique_ptr<WaitingQuery> query);

  // The same for a query of a stream, which is counted: its message has so many octets.
  void countAndStart(std::unique_ptr<WaitingQuery> query, std::size_t size);

  // Asks all queries to stop, and the other tasks. This object may have ended on return.
  void stop();

  // The queries that were not given up, and whatever else the transport spawns.
  TaskScope& tasks() { return tasks_; }
  const TaskScope& tasks() const { return tasks_; }

 private:
  using List = IntrusiveList<WaitingQuery, QueriesInWork>;

  void putAside(WaitingQuery& waiting);

  Shard& shard_;
  ServerFactory& factory_;
  TaskScope tasks_;
  List waiting_;
};

}  // namespace taut
