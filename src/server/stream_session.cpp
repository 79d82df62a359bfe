#include "taut/server/stream_session.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "memory_shortage.hpp"
#include "query_pipeline.hpp"
#include "taut/coro/current_stop_token.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/deadline.hpp"
#include "taut/io/operation.hpp"
#include "taut/io/sleep.hpp"
#include "taut/server/waiting_queries.hpp"

namespace taut {

namespace {

// Octets that one read of `serveMessages` asks for.
constexpr std::size_t readSize = 4096;

// For what a peer that has just connected is about to say when the server ends.
constexpr std::chrono::milliseconds lastRequest{500};

}  // namespace

struct StreamSession::Outcome {
  std::string reply;
  Event done;
};

// One query in flight and the place where its reply is awaited.
class StreamSession::Reply final : public WaitingQuery {
 public:
  Reply(StreamSession& session, Outcome& outcome, ByteSpan message, Semaphore::Permit permit)
      : WaitingQuery(message, {session.peer(), Transport::tcp, session.shard().now(), {}, {}}),
        session_(&session),
        outcome_(outcome),
        permit_(std::move(permit)) {}
  ~Reply() override {
    leave();
    if (session_) wakeSession();
  }

  MutableByteSpan replyBuffer() override {
    if (!session_) return {};
    return {session_->context_->replyBuffer.get(), maxMessageSize};
  }
  bool takesMany() const override { return false; }
  Address localAddress() const override { return session_ ? session_->localAddress() : known_->local; }
  Address listener() const override { return session_ ? session_->context_->listener : known_->listener; }

 private:
  Task<> send(std::size_t size) override {
    try {
      if (messagesWritten() == 1) outcome_.reply = asText(replyBuffer().first(size));
    } catch (const std::bad_alloc&) {
      reportMemoryShortage();
    }
    return Task<>::ready();
  }
  void leaveTransport() override {
    known_ = {localAddress(), listener()};
    wakeSession();
  }
  // The session may go on from where it waits for the reply before this returns.
  void wakeSession() {
    std::exchange(session_, nullptr)->touch();
    permit_.release();
    outcome_.done.set();
  }

  StreamSession* session_;      // null when the query was given up
  std::optional<Place> known_;  // then
  Outcome& outcome_;            // lives as long as there is a session
  Semaphore::Permit permit_;
};

StreamSession::StreamSession(ServerFactory& factory, const Address& peer, Serve serve, const StreamLimits& limits)
    : StreamConnection(factory, peer, limits), serve_(std::move(serve)), inFlight_(limits.queriesInFlight) {}

StreamSession::~StreamSession() = default;

// The function is a task among those of the queries, so that one stop reaches them all. The coroutine owns the session.
Task<> StreamSession::run(std::unique_ptr<StreamConnection>, const StreamContext& context) {
  context_ = &context;
  queries_.emplace(shard(), factory_);
  made();
  touch();
  {
    const auto whenStopped = [this] { beginEnd(); };
    const auto whenAborted = [this] { queries_->stop(); };
    const StopCallback stopped(context.stop, whenStopped);
    const StopCallback aborted(context.abort, whenAborted);
    try {
      if (stream_.isOpen()) queries_->tasks().spawn(callServe(), queries_->tasks().token());
    } catch (const std::bad_alloc&) {
      reportMemoryShortage();
    }
    co_await queries_->tasks().join();
  }
  if (displaced_) {
    stream_.reset();
  } else {
    stream_.close();
  }
  lost();
}

Task<> StreamSession::callServe() {
  try {
    co_await serve_(*this);
  } catch (const std::bad_alloc&) {
    reportMemoryShortage();
  } catch (...) {
    factory_.sessionFailed(peer(), std::current_exception());
  }
}

// The next read sees the end of the stream, after what has come until then.
void StreamSession::beginEnd() noexcept {
  if (stream_.isFresh(lastRequest)) {
    try {
      shard().timers().arm(*this, shard().now() + lastRequest);
      return;
    } catch (const std::bad_alloc&) {
      reportMemoryShortage();
    }
  }
  stream_.shutdownRead();
}

void StreamSession::endIdle() noexcept {
  if (hasQueryInFlight() && !context_->stop.stopRequested())
    touch();
  else
    stream_.shutdownRead();
}

bool StreamSession::hasQueryInFlight() const {
  return inFlight_.available() < limits_.queriesInFlight || StreamConnection::hasQueryInFlight();
}

// The connection may have ended on return.
void StreamSession::close() {
  displaced_ = true;
  stream_.shutdown();
  if (queries_) queries_->stop();
}

Task<IoResult> StreamSession::readSome(MutableByteSpan buffer, StopToken stop) {
  const IoResult read = co_await stream_.readSome(buffer, stop);
  co_return read;
}

Task<IoResult> StreamSession::writeAll(ByteSpan octets, StopToken stop) {
  const StopToken inherited = co_await currentStopToken();
  Deadline deadline(shard(), limits_.write, stop.stopPossible() ? stop : inherited);
  const IoResult written = co_await stream_.writeAll(octets, deadline.token());
  if (!written) stream_.shutdown();
  co_return written;
}

std::unique_ptr<StreamSession::Reply> StreamSession::makeReply(Outcome& outcome, ByteSpan message,
                                                               Semaphore::Permit permit) {
  try {
    return std::make_unique<Reply>(*this, outcome, message, std::move(permit));
  } catch (const std::bad_alloc&) {
    factory_.ignore(peer(), Transport::tcp, DropReason::memory);
    throw;
  }
}

Address StreamSession::localAddress() const {
  return context_->destination.empty() ? stream_.localAddress() : context_->destination;
}

// The reply is awaited also after a stop, which the query itself obeys: it is given up soon where it does not.
Task<std::string> StreamSession::answer(ByteSpan message) {
  auto permit = co_await inFlight_.acquire();
  if (!permit) co_return std::string();
  Outcome outcome;
  auto query = makeReply(outcome, message, std::move(permit));
  if (!query->query()) {
    factory_.ignore(peer(), Transport::tcp, DropReason::unparsable);
    co_return std::string();
  }
  queries_->countAndStart(std::move(query), message.size());
  if (!outcome.done.isSet()) {
    StopSource never;
    StopSource watching(queries_->tasks().token());
    TaskScope watch;
    try {
      watch.spawn(watchPeer(watching.token()), watching.token());
    } catch (const std::bad_alloc&) {
      reportMemoryShortage();  // the reply is on its way all the same
    }
    co_await outcome.done.wait(never.token());
    watching.requestStop();
    co_await watch.join();
  }
  if (context_->stop.stopRequested()) stream_.shutdownRead();
  co_return std::move(outcome.reply);
}

// Meanwhile the function does not read. A peer that has sent more than it was answered is not watched: its end is
// behind that.
Task<> StreamSession::watchPeer(StopToken stop) {
  co_await ReadableOperation(shard().engine(), stream_.fd(), stop);
  if (stop.stopRequested()) co_return;
  std::uint8_t octet = 0;
  const auto come = ::recv(stream_.fd(), &octet, sizeof octet, MSG_PEEK | MSG_DONTWAIT);
  const bool isEnd = come == 0 && !context_->stop.stopRequested();
  if (isEnd) {  // it may read still
    const bool waited = co_await sleepFor(shard(), limits_.afterEnd, stop);
    if (!waited) co_return;
  }
  if (isEnd || (come < 0 && errno != EAGAIN && errno != EINTR)) queries_->stop();
}

Task<> StreamSession::serveMessages(ByteStream& stream) {
  QueryPipeline pipeline(*this, *context_, &stream);
  const auto stopAll = [&pipeline] { pipeline.stopQueries(); };
  const StopCallback whenStopped(queries_->tasks().token(), stopAll);
  std::exception_ptr failure;
  try {
    const auto buffer = std::make_unique_for_overwrite<std::uint8_t[]>(readSize);
    const std::span<std::uint8_t> room(buffer.get(), readSize);
    IoResult read;
    do {
      read = co_await stream.readSome(room);
      const ByteSpan octets = room.first(read.value());
      if (!octets.empty()) co_await pipeline.answerFrames(octets, nullptr, context_->stop);
      if (context_->stop.stopRequested()) stream_.shutdownRead();
    } while (read.value() > 0 && !pipeline.isBroken());
    if (!read && !read.stopped()) pipeline.abortStream();
    if (read && !context_->stop.stopRequested()) co_await pipeline.finishWithin(limits_.afterEnd);
  } catch (...) {
    failure = std::current_exception();
    pipeline.abortStream();
  }
  co_await pipeline.finish();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace taut
