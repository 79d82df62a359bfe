#include "taut/server/waiting_queries.hpp"

#include <new>
#include <utility>

#include "memory_shortage.hpp"
#include "taut/base/log.hpp"
#include "taut/server/queries_in_work.hpp"
#include "taut/server/server_factory.hpp"

namespace taut {

void WaitingQuery::stop() {
  if (stop_.stopRequested()) return;
  if (waiting_) waiting_->stopping(*this);
  stop_.requestStop();
}

void WaitingQuery::takeNoPlace() {
  takesNoPlace_ = true;
  release();
}

std::string WaitingQuery::view() const {
  const View* const view = factory_ ? factory_->viewOf(*query_) : nullptr;
  return view ? view->name() : std::string();
}

// Once: the derived class leaves before this one does.
void WaitingQuery::leaveUnserved() {
  if (!factory_) return;
  factory_->leaveUnanswered(*query_, *this, DropReason::memory);
  factory_ = nullptr;
}

void WaitingQuery::leave() {
  if (!task_) [[unlikely]]
    leaveUnserved();
  if (current_) std::exchange(current_, nullptr)->putAside();
  ListHook<QueriesInWork>::unlink();
  if (waiting_) waiting_->ended(*this);
  ListHook<WaitingQueries>::unlink();
}

bool WaitingQuery::hasProgressed() {
  const bool written = std::exchange(messagesSeen_, messagesWritten()) != messagesWritten();
  return written || waitsForPeer();
}

// A query that there is no memory to count is stopped.
void WaitingQueries::add(WaitingQuery& query, Shard& shard) {
  shard_ = &shard;
  query.waiting_ = this;
  query.since_ = shard.now();
  ++factory_.counters().waited;
  waiting_.pushBack(query);
  try {
    if (!query.takesNoPlace_) shares_.add(query, query.peer());
  } catch (const std::bad_alloc&) {
    query.stop();
    return;
  }
  // A handler may be on the stack, so nothing is given up here.
  arm(stoppingCount_ > maxStopping() ? shard.now() : query.since_ + timeout_);
  if (shares_.size() <= limit_) return;
  ++factory_.counters().displaced;
  static_cast<WaitingQuery*>(shares_.next())->stop();
}

void WaitingQueries::stopping(WaitingQuery& query) {
  query.release();
  query.ListHook<WaitingQueries>::unlink();
  query.since_ = shard_->now();
  stopping_.pushBack(query);
  ++stoppingCount_;
  arm(query.since_ + grace);
}

void WaitingQueries::ended(WaitingQuery& query) {
  factory_.counters().durations.add(shard_->now() - query.query()->received());
  query.waiting_ = nullptr;
  query.release();
  query.ListHook<WaitingQueries>::unlink();
  if (query.stop_.stopRequested()) --stoppingCount_;
  if (waiting_.empty() && stopping_.empty()) disarm();
}

// A timer that comes too early looks again. Where there is no memory for it, the next query that waits arms it.
void WaitingQueries::arm(TimePoint deadline) {
  if (armed() && deadline >= due_) return;
  due_ = deadline;
  try {
    shard_->timers().arm(*this, deadline);
  } catch (const std::bad_alloc&) {
    reportMemoryShortage();
  }
}

void WaitingQueries::timeCame(Timer& timer) noexcept {
  auto& queries = static_cast<WaitingQueries&>(timer);
  queries.lookAtOldest();
  if (!queries.waiting_.empty()) queries.arm(queries.waiting_.front().since_ + queries.timeout_);
  if (!queries.stopping_.empty()) queries.arm(queries.stopping_.front().since_ + grace);
}

void WaitingQueries::lookAtOldest() {
  const TimePoint now = shard_->now();
  for (std::size_t left = stoppingCount_; left > 0 && !stopping_.empty(); --left) {
    if (stoppingCount_ <= maxStopping() && stopping_.front().since_ + grace > now) break;
    look(stopping_.front(), "the handler was asked to stop, and goes on");
  }
  while (!waiting_.empty() && waiting_.front().since_ + timeout_ <= now)
    look(waiting_.front(), "the handler has taken too long, and was asked to stop");
}

void WaitingQueries::look(WaitingQuery& query, std::string_view what) {
  if (!query.hasProgressed()) {
    giveUp(query, what);
    return;
  }
  List& list = query.stop_.stopRequested() ? stopping_ : waiting_;
  query.since_ = shard_->now();
  query.ListHook<WaitingQueries>::unlink();
  list.pushBack(query);
}

// The query may end when it is asked to stop. Otherwise the transport may end when it has lost the task, and the server
// with it, which ends the query.
void WaitingQueries::giveUp(WaitingQuery& query, std::string_view what) {
  ended(query);
  givenUp_.pushBack(query);
  factory_.queryGivenUp(query, what);
  query.ListHook<QueriesInWork>::unlink();
  query.close();
  query.leaveTransport();
  if (!query.stop_.requestStop()) return;
  query.transport_->tasks().moveTo(handlers_, query.task_);
}

void WaitingQueries::logGivenUp() {
  constexpr std::size_t maxLines = 10;
  std::size_t lines = 0;
  for (const WaitingQuery& handled : givenUp_) {
    const Query& query = *handled.query();
    log::error("{} {} from {}: the handler does not end", query.name(), query.type(), query.peer());
    if (++lines == maxLines) break;
  }
  if (givenUp() > lines) log::error("{} more handlers do not end", givenUp() - lines);
}

}  // namespace taut
