#include "taut/server/queries_in_work.hpp"

#include <utility>

namespace taut {

void QueriesInWork::start(std::unique_ptr<WaitingQuery> query) {
  WaitingQuery& channel = *query;
  CurrentQuery& current = factory_.waitingQueries().current();
  channel.transport_ = this;
  channel.factory_ = &factory_;
  channel.current_ = &current;
  const CurrentQuery::Turn turn(current, channel);
  Task<> task = factory_.serve(*channel.query_, channel, std::move(query));
  channel.task_ = task.coroutine();
  tasks_.spawn(std::move(task), channel.stopToken());
  if (current.is(channel)) putAside(channel);
}

void QueriesInWork::countAndStart(std::unique_ptr<WaitingQuery> query, std::size_t size) {
  ServerCounters& counters = factory_.counters();
  ServerCounters::Types& requests = counters.requestsOf(Transport::tcp, query->peer().isV6());
  counters.countRequest(requests, query->query()->type(), size);
  start(std::move(query));
}

// A query over a stream goes on without its message, which is in the receive buffer.
void QueriesInWork::putAside(WaitingQuery& waiting) {
  std::exchange(waiting.current_, nullptr)->putAside();
  if (waiting.transport() == Transport::tcp) waiting.query_->forgetMessage();
  waiting_.pushBack(waiting);
  factory_.waitingQueries().add(waiting, shard_);
}

// The last query that ends may end the transport with it, so nothing of it is touched after the first stop.
void QueriesInWork::stop() {
  List waiting(std::move(waiting_));
  tasks_.stop();
  while (WaitingQuery* const query = waiting.popFront()) query->stop();
}

}  // namespace taut
