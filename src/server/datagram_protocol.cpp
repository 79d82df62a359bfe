#include "taut/server/datagram_protocol.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "taut/server/protocol.hpp"

namespace taut {

namespace {

// The reply is written over the query and leaves from the same buffer.
class DatagramReply final : public Protocol {
 public:
  DatagramReply(Datagram datagram, const Address& peer) : datagram_(std::move(datagram)), peer_(peer) {}

  Transport transport() const override { return Transport::udp; }
  const Address& peer() const override { return peer_; }
  MutableByteSpan replyBuffer() override { return datagram_ ? datagram_->buffer() : MutableByteSpan(); }

  Task<> send(std::size_t size) override {
    if (datagram_) {
      std::move(*datagram_).replyAndRelease(size);
      datagram_.reset();
    }
    return Task<>::ready();
  }

 private:
  std::optional<Datagram> datagram_;
  const Address& peer_;
};

}  // namespace

// One of the queries that wait. It leaves the list when it is asked to stop, so that nobody is asked twice.
class DatagramProtocol::Waiting : public ListHook<> {
 public:
  Waiting(DatagramProtocol& protocol, StopSource& query) : protocol_(protocol), query_(query) {
    if (protocol_.waitingCount_ == protocol_.mostWaiting_) stopLongest();
    protocol_.waiting_.pushBack(*this);
    ++protocol_.waitingCount_;
  }
  ~Waiting() {
    if (!isLinked()) return;
    unlink();
    --protocol_.waitingCount_;
  }

 private:
  void stopLongest() {
    --protocol_.waitingCount_;
    protocol_.waiting_.popFront()->query_.requestStop();
  }

  DatagramProtocol& protocol_;
  StopSource& query_;
};

Task<> DatagramProtocol::serve(StopToken stop, StopToken abort) {
  TaskScope queries(abort);
  auto datagrams = socket_.receiveMany(buffers_, stop);
  std::size_t ahead = 0;  // how many of those that come next have been looked ahead for
  while (auto datagram = co_await datagrams.next()) {
    if (ahead == 0) ahead = lookAhead(*datagram, datagrams);
    --ahead;
    queries.spawn(answer(std::move(*datagram), queries.token()));
  }
  co_await queries.join();
}

// Of those that arrived together each may wait for memory: better all of them at once. Returns for how many.
std::size_t DatagramProtocol::lookAhead(const Datagram& first, DatagramStream& others) {
  std::array<ByteSpan, 32> questions;
  const std::size_t count = 1 + others.peek(std::span(questions).subspan(1));
  if (count == 1 || !factory_.resolver().looksAhead()) return count;
  questions[0] = first.payload();
  for (ByteSpan& question : std::span(questions).first(count))
    question = question.subspan(std::min(question.size(), messageHeaderSize));
  factory_.resolver().lookAhead(std::span(questions).first(count));
  return count;
}

// One coroutine for each datagram. It owns the datagram's buffer until its reply has left.
Task<> DatagramProtocol::answer(Datagram datagram, StopToken abort) {
  auto query =
      Query::parse(datagram.payload(), datagram.peer(), Transport::udp, shard_.now(), factory_.udpPayloadSize());
  if (!query) co_return;  // no header, or itself a response: stay silent
  StopSource stop(abort);
  query->setStopToken(stop.token());
  DatagramReply reply(std::move(datagram), query->peer());
  auto pending = factory_.process(*query, reply);
  if (pending.isReady()) co_return;
  const Waiting waiting(*this, stop);
  co_await std::move(pending);
}

}  // namespace taut
