#include "taut/server/stream_protocol.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <memory>
#include <utility>

namespace taut {

namespace {

// Where replies are serialised before they are framed: never held across a wait, so one for each thread is enough.
MutableByteSpan replyScratch() {
  thread_local const auto scratch = std::make_unique_for_overwrite<std::uint8_t[]>(maxMessageSize);
  return {scratch.get(), maxMessageSize};
}

// After the drain has ended: for what is ready to be taken at once.
constexpr std::chrono::milliseconds lastWrite{200};

// Memory for replies: lent to the connections of this thread that have some, so that one that waits holds none and
// usual replies cost no heap allocation.
class ReplyMemory {
 public:
  static std::vector<std::uint8_t> take() {
    std::vector<std::uint8_t> buffer;
    if (free().empty()) {
      buffer.reserve(usual);
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
    if (memory.capacity() < usual || memory.capacity() > largest || free().size() == most) return;
    memory.clear();
    free().push_back(std::move(memory));
  }

 private:
  static constexpr std::size_t usual = 512;         // octets
  static constexpr std::size_t largest = 16 << 10;  // octets, of a buffer that is kept
  static constexpr std::size_t most = 64;           // buffers

  static std::vector<std::vector<std::uint8_t>>& free() {
    thread_local auto buffers = [] {
      std::vector<std::vector<std::uint8_t>> none;
      none.reserve(most);
      return none;
    }();
    return buffers;
  }
};

class StopTasks {
 public:
  explicit StopTasks(TaskScope& tasks) : tasks_(tasks) {}
  void operator()() const { tasks_.stop(); }

 private:
  TaskScope& tasks_;
};

}  // namespace

// The octets of one query while it is in flight. Usual ones need no heap.
class StreamProtocol::Message {
 public:
  explicit Message(ByteSpan octets) : size_(octets.size()) {
    if (size_ > small_.size()) large_ = std::make_unique_for_overwrite<std::uint8_t[]>(size_);
    std::ranges::copy(octets, large_ ? large_.get() : small_.data());
  }

  ByteSpan octets() const { return {large_ ? large_.get() : small_.data(), size_}; }

 private:
  std::array<std::uint8_t, 256> small_;
  std::unique_ptr<std::uint8_t[]> large_;
  std::size_t size_;
};

class StreamProtocol::Reply final : public Protocol {
 public:
  Reply(StreamProtocol& connection, TcpStream& stream) : connection_(connection), stream_(stream) {}

  Transport transport() const override { return Transport::tcp; }
  const Address& peer() const override { return connection_.peer_; }
  MutableByteSpan replyBuffer() override { return replyScratch(); }

  Task<> send(std::size_t size) override {
    if (!std::exchange(sent_, true)) connection_.enqueue(stream_, replyScratch().first(size));
    return Task<>::ready();
  }

 private:
  StreamProtocol& connection_;
  TcpStream& stream_;
  bool sent_ = false;
};

StreamProtocol::StreamProtocol(ServerFactory& factory, const Address& peer, const StreamLimits& limits)
    : factory_(factory), peer_(peer), limits_(limits), inFlight_(limits.queriesInFlight) {
  assert(limits.queriesInFlight > 0);
  written_.set();
}

Task<> StreamProtocol::serve(TcpStream stream, StreamBuffers& buffers, StopToken stop, StopToken abort) {
  const StopCallback<StopTasks> whenAborted(abort, StopTasks(tasks_));
  factory_.connectionMade(*this);
  co_await readQueries(stream, buffers, stop);
  co_await tasks_.join();
  factory_.connectionLost(*this);
}

Task<> StreamProtocol::readQueries(TcpStream& stream, StreamBuffers& buffers, StopToken stop) {
  Shard& shard = stream.shard();
  answered_ = shard.now();
  bool open = true;
  while (open && !broken_) {
    Deadline idle(shard, answered_ + limits_.idle - shard.now(), stop);
    idle_ = &idle;
    ReceivedData data = co_await stream.receive(buffers, idle.token());
    idle_ = nullptr;
    if (data.ok() && !data.endOfStream()) {
      co_await answerFrames(stream, data, stop);
      // Whoever never pauses, and sends no query either.
      open = shard.now() < answered_ + limits_.idle || hasQueryInFlight();
    } else if (idle.expired() && hasQueryInFlight()) {
      answered_ = shard.now();  // it waits for us
    } else if (!idle.expired() || answered_ + limits_.idle <= shard.now()) {
      open = false;
      if (!data.ok() && !data.result().stopped()) breakOff(stream);
    }
  }
}

bool StreamProtocol::makeRoom(TimePoint now) {
  if (std::exchange(crowded_, true)) return false;
  limits_.idle = std::min(limits_.idle, limits_.crowdedIdle);
  if (idle_) idle_->restart(answered_ + limits_.idle - now);
  return true;
}

Task<> StreamProtocol::answerFrames(TcpStream& stream, ReceivedData& data, StopToken stop) {
  decoder_.feed(data.bytes());
  corked_ = true;
  while (const auto frame = decoder_.next()) {
    Message message(*frame);
    auto permit = inFlight_.tryAcquire();
    if (!permit || unreadReplies() > limits_.unreadReplies) {
      permit.release();
      permit = co_await roomForQuery(stream, data, stop);
    }
    if (!permit) break;
    tasks_.spawn(answer(stream, std::move(message), std::move(permit)));
  }
  decoder_.keepRest();
  uncork(stream);
}

// Waits for the peer to take its replies and for a permit; none where there is nothing more to answer.
Task<Semaphore::Permit> StreamProtocol::roomForQuery(TcpStream& stream, ReceivedData& data, StopToken stop) {
  decoder_.keepRest();  // a connection that has to wait holds no buffer of the pool
  data.release();
  uncork(stream);
  auto permit = co_await inFlight_.acquire(stop);
  while (!broken_ && !stop.stopRequested() && unreadReplies() > limits_.unreadReplies) co_await written_.wait(stop);
  if (broken_ || stop.stopRequested()) co_return Semaphore::Permit();
  corked_ = true;
  co_return permit;
}

Task<> StreamProtocol::answer(TcpStream& stream, Message message, Semaphore::Permit) {
  auto query = Query::parse(message.octets(), peer_, Transport::tcp, stream.shard().now());
  if (!query) co_return;
  query->setStopToken(tasks_.token());
  query->setIdleTimeout(limits_.idle);
  Reply reply(*this, stream);
  co_await factory_.process(*query, reply);
  answered_ = stream.shard().now();
}

void StreamProtocol::enqueue(TcpStream& stream, ByteSpan message) {
  if (broken_) return;
  std::array<std::uint8_t, 2> length;
  storeU16(length.data(), static_cast<std::uint16_t>(message.size()));
  if (replies_.capacity() == 0) replies_ = ReplyMemory::take();
  replies_.insert(replies_.end(), length.begin(), length.end());
  replies_.insert(replies_.end(), message.begin(), message.end());
  if (!corked_) startWriting(stream);
}

void StreamProtocol::uncork(TcpStream& stream) {
  corked_ = false;
  startWriting(stream);
}

void StreamProtocol::startWriting(TcpStream& stream) {
  if (replies_.empty() || !written_.isSet()) return;
  written_.reset();
  tasks_.spawn(write(stream));
}

// Writes until nothing is left, everything that has gathered meanwhile at once.
Task<> StreamProtocol::write(TcpStream& stream) {
  while (!replies_.empty()) {
    writing_.swap(replies_);
    const bool written = co_await writeOnce(stream);
    ReplyMemory::giveBack(writing_);
    if (!written) breakOff(stream);
  }
  written_.set();
}

Task<bool> StreamProtocol::writeOnce(TcpStream& stream) {
  const bool ending = tasks_.token().stopRequested();
  Deadline deadline(stream.shard(), ending ? lastWrite : limits_.write, ending ? StopToken() : tasks_.token());
  const IoResult written = co_await stream.writeAll(writing_, deadline.token());
  co_return written.ok();
}

// The peer is gone, or does not read: nothing that it asked is of use to anybody.
void StreamProtocol::breakOff(TcpStream& stream) {
  broken_ = true;
  replies_ = {};
  stream.shutdown();
  tasks_.stop();
}

}  // namespace taut
