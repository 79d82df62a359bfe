#include "taut/server/stream_connection.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <memory>
#include <utility>

namespace taut {

namespace {

// Replies are serialised here before they are framed. It is never held across a wait, so one for each thread is enough.
MutableByteSpan replyScratch() {
  thread_local const auto scratch = std::make_unique_for_overwrite<std::uint8_t[]>(maxMessageSize);
  return {scratch.get(), maxMessageSize};
}

// For replies that the peer can take at once, after the drain has ended.
constexpr std::chrono::milliseconds lastWrite{200};

// Memory for replies, lent to those connections of this thread that have some. A connection that waits holds none, and
// ordinary replies cost no heap allocation.
class ReplyMemory {
 public:
  static std::vector<std::uint8_t> take() {
    std::vector<std::uint8_t> buffer;
    if (free().empty()) {
      buffer.reserve(initialSize);
    } else {
      buffer.swap(free().back());
      free().pop_back();
    }
    return buffer;
  }

  // Leaves the buffer empty and without memory.
  static void giveBack(std::vector<std::uint8_t>& buffer) {
    std::vector<std::uint8_t> memory;
    memory.swap(buffer);
    if (memory.capacity() < initialSize || memory.capacity() > maxSize || free().size() == maxBuffers) return;
    memory.clear();
    free().push_back(std::move(memory));
  }

 private:
  static constexpr std::size_t initialSize = 512;   // octets
  static constexpr std::size_t maxSize = 16 << 10;  // octets, of a buffer that is kept
  static constexpr std::size_t maxBuffers = 64;

  static std::vector<std::vector<std::uint8_t>>& free() {
    thread_local auto buffers = [] {
      std::vector<std::vector<std::uint8_t>> none;
      none.reserve(maxBuffers);
      return none;
    }();
    return buffers;
  }
};

}  // namespace

// One query in flight and the way back to its client.
class StreamConnection::Reply final : public ReplyChannel, public WaitingQuery, public ListHook<> {
 public:
  Reply(StreamConnection& connection, TcpStream& stream, ByteSpan message, Semaphore::Permit permit)
      : connection_(connection),
        stream_(stream),
        permit_(std::move(permit)),
        query_(Query::parse(message, connection.peer_, Transport::tcp, stream.shard().now())) {
    if (!query_) return;
    query_->setStopToken(stopToken());
    query_->setIdleTimeout(connection.limits_.idle);
  }
  ~Reply() override {
    ListHook<>::unlink();
    if (query_) connection_.answered_ = stream_.shard().now();
  }

  // Nothing for a message without a header, or one that is itself a response: it gets no reply.
  std::optional<Query>& query() { return query_; }

  Transport transport() const override { return Transport::tcp; }
  const Address& peer() const override { return connection_.peer_; }
  MutableByteSpan replyBuffer() override { return replyScratch(); }

 private:
  Task<> send(std::size_t size) override { return connection_.enqueue(stream_, replyScratch().first(size)); }

  StreamConnection& connection_;
  TcpStream& stream_;
  Semaphore::Permit permit_;
  std::optional<Query> query_;
};

StreamConnection::StreamConnection(ServerFactory& factory, const Address& peer, const StreamLimits& limits)
    : factory_(factory), peer_(peer), limits_(limits), inFlight_(limits.queriesInFlight) {
  assert(limits.queriesInFlight > 0);
  written_.set();
}

Task<> StreamConnection::serve(TcpStream stream, StreamBuffers& buffers, StopToken stop, StopToken abort) {
  const auto stopAll = [this] { stopQueries(); };
  const StopCallback whenAborted(abort, stopAll);
  stream_ = &stream;
  factory_.connectionMade(*this);
  const ReadEnd end = co_await readQueries(stream, buffers, stop);
  if (end == ReadEnd::byPeer) co_await joinWithin(limits_.afterEnd);
  co_await tasks_.join();
  stream_ = nullptr;
  factory_.connectionLost(*this);
}

// Apart from `serve`, because an idle connection holds the frame of `serve`.
Task<> StreamConnection::joinWithin(Duration limit) {
  const auto stopAll = [this] { stopQueries(); };
  Deadline deadline(stream_->shard(), limit);
  const StopCallback whenOver(deadline.token(), stopAll);
  co_await tasks_.join();
}

Task<StreamConnection::ReadEnd> StreamConnection::readQueries(TcpStream& stream, StreamBuffers& buffers,
                                                              StopToken stop) {
  Shard& shard = stream.shard();
  answered_ = shard.now();
  bool open = true;
  while (open && !broken_) {
    Deadline idle(shard, answered_ + limits_.idle - shard.now(), stop);
    ReceivedData data = co_await stream.receive(buffers, idle.token());
    if (data.ok() && !data.endOfStream()) {
      co_await answerFrames(stream, data, stop);
      // A peer that sends without a pause may still send no query.
      open = shard.now() < answered_ + limits_.idle || hasQueryInFlight();
    } else if (data.endOfStream()) {
      co_return ReadEnd::byPeer;
    } else if (idle.expired() && hasQueryInFlight()) {
      answered_ = shard.now();  // the peer waits for answers
    } else if (!idle.expired() || answered_ + limits_.idle <= shard.now()) {
      open = false;
      if (!data.ok() && !data.result().stopped()) abortStream(stream);
    }
  }
  co_return ReadEnd::byServer;
}

void StreamConnection::close() {
  if (stream_) abortStream(*stream_);
}

Task<> StreamConnection::answerFrames(TcpStream& stream, ReceivedData& data, StopToken stop) {
  decoder_.feed(data.bytes());
  corked_ = true;
  while (decoder_.hasMessage()) {
    auto permit = inFlight_.tryAcquire();
    if (!permit || unreadReplies() > limits_.unreadReplies) {
      permit.release();
      permit = co_await roomForQuery(stream, data, stop);
    }
    if (!permit) break;
    const auto message = decoder_.next();
    answer(stream, *message, std::move(permit));
  }
  decoder_.keepRest();
  uncork(stream);
}

// Waits for the peer to take its replies and for a permit. No permit where there is nothing more to answer.
Task<Semaphore::Permit> StreamConnection::roomForQuery(TcpStream& stream, ReceivedData& data, StopToken stop) {
  decoder_.keepRest();  // a connection that has to wait holds no buffer of the pool
  data.release();
  uncork(stream);
  auto permit = co_await inFlight_.acquire(stop);
  while (!broken_ && !stop.stopRequested() && unreadReplies() > limits_.unreadReplies) co_await written_.wait(stop);
  if (broken_ || stop.stopRequested()) co_return Semaphore::Permit();
  corked_ = true;
  co_return permit;
}

// One coroutine for each query. The message is the receive buffer's: a query that has to wait goes on without it.
void StreamConnection::answer(TcpStream& stream, ByteSpan message, Semaphore::Permit permit) {
  auto reply = std::make_unique<Reply>(*this, stream, message, std::move(permit));
  if (!reply->query()) return;
  Reply& channel = *reply;
  started_.pushBack(channel);
  tasks_.spawn(factory_.serve(*channel.query(), channel, std::move(reply)));
  Reply* const waiting = started_.popFront();
  if (!waiting) return;
  waiting->query()->forgetMessage();
  waiting_.pushBack(*waiting);
  factory_.waitingQueries().add(*waiting, peer_);
}

Task<> StreamConnection::enqueue(TcpStream& stream, ByteSpan message) {
  if (broken_) return Task<>::ready();
  std::array<std::uint8_t, 2> length;
  storeU16(length.data(), static_cast<std::uint16_t>(message.size()));
  if (replies_.capacity() == 0) replies_ = ReplyMemory::take();
  replies_.insert(replies_.end(), length.begin(), length.end());
  replies_.insert(replies_.end(), message.begin(), message.end());
  const bool full = unreadReplies() > limits_.unreadReplies;
  if (!corked_ || full) startWriting(stream);
  return full ? untilRead() : Task<>::ready();
}

// Waits until the peer has taken enough of its replies, or will take no more.
Task<> StreamConnection::untilRead() {
  while (!broken_ && unreadReplies() > limits_.unreadReplies) {
    const bool written = co_await written_.wait(tasks_.token());
    if (!written) break;
  }
}

void StreamConnection::uncork(TcpStream& stream) {
  corked_ = false;
  startWriting(stream);
}

void StreamConnection::startWriting(TcpStream& stream) {
  if (replies_.empty() || !written_.isSet()) return;
  written_.reset();
  tasks_.spawn(write(stream));
}

// Writes until nothing is left; replies that gather during a write leave together.
Task<> StreamConnection::write(TcpStream& stream) {
  while (!replies_.empty()) {
    writing_.swap(replies_);
    const bool written = co_await writeOnce(stream);
    ReplyMemory::giveBack(writing_);
    if (!written) abortStream(stream);
  }
  written_.set();
}

Task<bool> StreamConnection::writeOnce(TcpStream& stream) {
  const bool ending = tasks_.token().stopRequested();
  Deadline deadline(stream.shard(), ending ? lastWrite : limits_.write, ending ? StopToken() : tasks_.token());
  const IoResult written = co_await stream.writeAll(writing_, deadline.token());
  co_return written.ok();
}

// The peer is gone, or does not read: the answers to its queries are of no use.
void StreamConnection::abortStream(TcpStream& stream) {
  broken_ = true;
  replies_ = {};
  stream.shutdown();
  stopQueries();
}

// The last query that ends may end the connection with it: nothing of the connection is touched after the first stop.
void StreamConnection::stopQueries() {
  IntrusiveList<Reply> waiting(std::move(waiting_));
  tasks_.stop();
  while (Reply* const reply = waiting.popFront()) reply->stop();
}

}  // namespace taut
