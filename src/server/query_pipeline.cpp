#include "query_pipeline.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <exception>
#include <memory>
#include <new>
#include <utility>

#include "memory_shortage.hpp"
#include "taut/io/deadline.hpp"
#include "taut/server/waiting_queries.hpp"

namespace taut {

namespace {

constexpr std::size_t initialReplies = 512;  // octets

// For replies that the peer can take at once, after the drain has ended.
constexpr std::chrono::milliseconds lastWrite{200};

}  // namespace

// One query in flight and the way back to its client.
class QueryPipeline::Reply final : public WaitingQuery {
 public:
  Reply(QueryPipeline& pipeline, ByteSpan message, Semaphore::Permit permit)
      : WaitingQuery(
            message,
            {pipeline.stream_.peer(), Transport::tcp, pipeline.stream_.shard().now(), {}, pipeline.limits_.idle}),
        pipeline_(&pipeline),
        permit_(std::move(permit)) {}
  ~Reply() override {
    leave();
    if (query() && pipeline_) pipeline_->connection_.touch();
  }

  MutableByteSpan replyBuffer() override { return pipeline_ ? pipeline_->replyBuffer() : MutableByteSpan(); }
  Address localAddress() const override { return pipeline_ ? pipeline_->localAddress() : known_->local; }
  Address listener() const override { return pipeline_ ? pipeline_->listener() : known_->listener; }
  void abort() noexcept override {
    if (pipeline_) pipeline_->abortStream();
  }

 private:
  // A message that there is no memory for ends the stream: those after it would not be what the peer expects.
  Task<> send(std::size_t size) override {
    try {
      return pipeline_->enqueue(pipeline_->replyBuffer().first(size));
    } catch (const std::bad_alloc&) {
      reportMemoryShortage();
      abort();
      return Task<>::ready();
    }
  }
  bool waitsForPeer() const override { return pipeline_->unreadReplies() > pipeline_->limits_.unreadReplies; }
  void leaveTransport() override {
    pipeline_->connection_.touch();
    known_ = {localAddress(), listener()};
    pipeline_ = nullptr;
    permit_.release();
  }

  QueryPipeline* pipeline_;     // null when the query was given up
  std::optional<Place> known_;  // then
  Semaphore::Permit permit_;
};

QueryPipeline::QueryPipeline(StreamConnection& connection, const StreamContext& context, ByteStream* under)
    : connection_(connection),
      context_(context),
      stream_(connection.stream_),
      under_(under),
      limits_(connection.limits_),
      inFlight_(limits_.queriesInFlight),
      queries_(connection.stream_.shard(), connection.factory_) {
  written_.set();
  connection_.pipeline_ = this;
}

QueryPipeline::~QueryPipeline() {
  connection_.pipeline_ = nullptr;
}

Task<> QueryPipeline::answerFrames(ByteSpan octets, ReceivedData* lease, StopToken stop) {
  decoder_.feed(octets);
  corked_ = true;
  while (decoder_.hasMessage()) {
    auto permit = inFlight_.tryAcquire();
    if (!permit || unreadReplies() > limits_.unreadReplies) {
      permit.release();
      permit = co_await roomForQuery(lease, stop);
    }
    if (!permit) break;
    const auto message = decoder_.next();
    answer(*message, std::move(permit));
  }
  keepRest(lease);
  uncork();
}

void QueryPipeline::keepRest(ReceivedData* lease) {
  decoder_.keepRest();
  if (lease) lease->release();
}

// Waits for the peer to take its replies and for a permit; none where there is nothing more to answer.
Task<Semaphore::Permit> QueryPipeline::roomForQuery(ReceivedData* lease, StopToken stop) {
  keepRest(lease);  // a connection that has to wait holds no buffer of the pool
  uncork();
  auto permit = co_await inFlight_.acquire(stop);
  while (!broken_ && !stop.stopRequested() && unreadReplies() > limits_.unreadReplies) co_await written_.wait(stop);
  if (broken_ || stop.stopRequested()) co_return Semaphore::Permit();
  corked_ = true;
  co_return permit;
}

std::unique_ptr<QueryPipeline::Reply> QueryPipeline::makeReply(ByteSpan message, Semaphore::Permit permit) {
  try {
    return std::make_unique<Reply>(*this, message, std::move(permit));
  } catch (const std::bad_alloc&) {
    connection_.factory_.ignore(stream_.peer(), Transport::tcp, DropReason::memory);
    throw;
  }
}

// One coroutine for each query.
void QueryPipeline::answer(ByteSpan message, Semaphore::Permit permit) {
  auto reply = makeReply(message, std::move(permit));
  if (!reply->query()) return connection_.factory_.ignore(stream_.peer(), Transport::tcp, DropReason::unparsable);
  queries_.countAndStart(std::move(reply), message.size());
}

Task<> QueryPipeline::enqueue(ByteSpan message) {
  if (broken_) return Task<>::ready();
  std::array<std::uint8_t, 2> length;
  storeU16(length.data(), static_cast<std::uint16_t>(message.size()));
  const std::size_t needed = replies_.size() + length.size() + message.size();
  if (replies_.capacity() < needed) replies_.reserve(std::max({initialReplies, 2 * replies_.capacity(), needed}));
  replies_.insert(replies_.end(), length.begin(), length.end());
  replies_.insert(replies_.end(), message.begin(), message.end());
  const bool full = unreadReplies() > limits_.unreadReplies;
  if (!corked_ || full) startWriting();
  return full ? untilRead() : Task<>::ready();
}

// Until the peer has taken enough of its replies, or will take no more.
Task<> QueryPipeline::untilRead() {
  while (!broken_ && unreadReplies() > limits_.unreadReplies) {
    const bool written = co_await written_.wait(queries_.tasks().token());
    if (!written) break;
  }
}

// What has gathered leaves at once, as far as the kernel takes it; a task of its own waits for the rest.
void QueryPipeline::uncork() {
  corked_ = false;
  if (replies_.empty() || !written_.isSet()) return;
  if (under_) [[unlikely]]
    return startWriting();
  const IoResult sent = stream_.sendNow(replies_);
  if (sent.value() == replies_.size()) {
    replies_.clear();
  } else {
    replies_.erase(replies_.begin(), replies_.begin() + static_cast<std::ptrdiff_t>(sent.value()));
    startWriting();
  }
}

void QueryPipeline::startWriting() {
  if (replies_.empty() || !written_.isSet()) return;
  auto writing = write();
  written_.reset();
  queries_.tasks().spawn(std::move(writing));
}

// Writes until nothing is left, everything that has gathered meanwhile at once.
Task<> QueryPipeline::write() {
  while (!replies_.empty()) {
    writing_.swap(replies_);
    bool taken = false;
    try {
      const bool written = co_await writeOnce();
      taken = written;
    } catch (const std::bad_alloc&) {
      reportMemoryShortage();
    } catch (...) {  // of another stream
      connection_.factory_.sessionFailed(connection_.peer(), std::current_exception());
    }
    writing_.clear();
    if (!taken) abortStream();
  }
  written_.set();
}

Task<bool> QueryPipeline::writeOnce() {
  const bool ending = queries_.tasks().token().stopRequested();
  Deadline deadline(stream_.shard(), ending ? lastWrite : limits_.write,
                    ending ? StopToken() : queries_.tasks().token());
  IoResult written = IoResult::failure(ECANCELED);
  if (under_)
    written = co_await under_->writeAll(writing_, deadline.token());
  else
    written = co_await stream_.writeAll(writing_, deadline.token());
  co_return written.ok();
}

Task<> QueryPipeline::finishWithin(Duration limit) {
  const auto stopAll = [this] { queries_.stop(); };
  Deadline deadline(stream_.shard(), limit);
  const StopCallback whenOver(deadline.token(), stopAll);
  co_await queries_.tasks().join();
}

void QueryPipeline::abortStream() {
  broken_ = true;
  replies_.clear();
  stream_.shutdown();
  queries_.stop();
}

}  // namespace taut
