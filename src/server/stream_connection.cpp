#include "taut/server/stream_connection.hpp"

#include <cassert>
#include <chrono>
#include <exception>
#include <memory>
#include <new>
#include <utility>

#include "memory_shortage.hpp"
#include "query_pipeline.hpp"
#include "taut/coro/log_failure.hpp"
#include "taut/io/deadline.hpp"

namespace taut {

namespace {

// How long a connection that had to wait for an answer or for its peer keeps what it needed for that.
constexpr std::chrono::milliseconds restAfter{1000};

// For a question that is on the way when no more are to be taken.
constexpr std::chrono::milliseconds lastQuestion{500};

}  // namespace

StreamConnection::StreamConnection(ServerFactory& factory, const Address& peer, const StreamLimits& limits)
    : Timer(&idleTimeOver), factory_(factory), stream_(peer), limits_(limits) {
  assert(limits.queriesInFlight > 0);
  ++factory_.counters().connectionsMade;
}

StreamConnection::~StreamConnection() {
  ++factory_.counters().connectionsEnded;
}

// The frame of this coroutine is most of what a connection costs that rests.
Task<> StreamConnection::serveToEnd(std::unique_ptr<StreamConnection> connection, const StreamContext& context) {
  connection->made();
  connection->touch();
  while (connection->stream_.isOpen()) {
    ReceivedData data = co_await connection->stream_.receive(context.buffers, context.stop);
    co_await connection->exchange(data, context);
  }
  connection->lost();
}

// An override that throws ends its connection, and the factory forgets it.
void StreamConnection::made() noexcept {
  try {
    factory_.connectionMade(*this);
  } catch (...) {
    detail::logFailure("connectionMade", std::current_exception());
    stream_.close();
  }
}

void StreamConnection::lost() noexcept {
  try {
    factory_.connectionLost(*this);
  } catch (...) {
    detail::logFailure("connectionLost", std::current_exception());
    factory_.ServerFactory::connectionLost(*this);
  }
}

// Passes on the task. The caller's frame would be larger if it handled exceptions itself.
Task<> StreamConnection::exchange(ReceivedData& data, const StreamContext& context) {
  try {
    return exchangeMessages(data, context);
  } catch (const std::bad_alloc&) {
    reportMemoryShortage();
    stream_.close();
    return Task<>::ready();
  }
}

// Answers what has come, and what comes while there is something in work. Leaves the stream open where it rests. Where
// memory runs out the connection ends.
Task<> StreamConnection::exchangeMessages(ReceivedData& data, const StreamContext& context) {
  QueryPipeline pipeline(*this, context);
  const auto stopAll = [&pipeline] { pipeline.stopQueries(); };
  const StopCallback whenAborted(context.abort, stopAll);
  try {
    bool paused = false;
    for (;;) {
      if (data.result().stopped() && context.stop.stopRequested()) {
        ReceivedData last = co_await receiveLast(pipeline, context);
        data = std::move(last);
        paused = false;
      }
      if (!paused && data.bytes().empty()) break;
      if (!paused) co_await pipeline.answerFrames(data.bytes(), &data, context.stop);
      if (pipeline.hasQueryInFlight()) touch();  // the peer waits for us
      if (pipeline.isBroken() || isIdle()) break;
      if (pipeline.isEmpty()) co_return;
      Deadline pause(stream_.shard(), restAfter, context.stop);
      ReceivedData more = co_await stream_.receive(context.buffers, pause.token());
      paused = !more.ok() && pause.expired();
      data = std::move(more);
    }
    if (data.endOfStream()) co_await pipeline.finishWithin(limits_.afterEnd);
    if (!paused && !data.ok() && !data.result().stopped()) pipeline.abortStream();
  } catch (const std::bad_alloc&) {
    reportMemoryShortage();
    pipeline.abortStream();
  }
  co_await pipeline.finish();
  // What a peer has not read that had to go would stay in the kernel for minutes.
  if (pipeline.isBroken()) {
    stream_.reset();
  } else {
    stream_.close();
  }
}

// What the peer has sent before the end is taken. A connection that has just been made, and one whose question has come
// in part, is waited for: its question is on the way.
Task<ReceivedData> StreamConnection::receiveLast(const QueryPipeline& pipeline, const StreamContext& context) {
  const bool isAwaited = pipeline.hasPartOfMessage() || stream_.isFresh(lastQuestion);
  Deadline deadline(stream_.shard(), isAwaited ? lastQuestion : Duration::zero(), context.abort);
  ReceivedData data = co_await stream_.receive(context.buffers, deadline.token());
  co_return data;
}

// A connection that there is no memory to limit ends.
void StreamConnection::touch() noexcept {
  try {
    stream_.shard().timers().arm(*this, stream_.shard().now() + limits_.idle);
  } catch (const std::bad_alloc&) {
    stream_.shutdownRead();
  }
}

void StreamConnection::idleTimeOver(Timer& timer) noexcept {
  static_cast<StreamConnection&>(timer).endIdle();
}

void StreamConnection::endIdle() noexcept {
  if (!pipeline_) stream_.shutdownRead();
}

void StreamConnection::close() {
  if (pipeline_) {
    pipeline_->abortStream();
  } else {
    stream_.shutdownRead();
  }
}

bool StreamConnection::hasQueryInFlight() const {
  return pipeline_ && pipeline_->hasQueryInFlight();
}

}  // namespace taut
