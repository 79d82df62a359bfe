#include "taut/server/datagram_protocol.hpp"

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

Task<> DatagramProtocol::serve(StopToken stop, StopToken abort) {
  TaskScope queries(abort);
  auto datagrams = socket_.receiveMany(buffers_, stop);
  while (auto datagram = co_await datagrams.next()) queries.spawn(answer(std::move(*datagram), queries.token()));
  co_await queries.join();
}

// One coroutine for each datagram. It owns the datagram's buffer until its reply has left.
Task<> DatagramProtocol::answer(Datagram datagram, StopToken abort) {
  if (datagram.truncated()) co_return;  // larger than any query that is served over UDP
  auto query = Query::parse(datagram.payload(), datagram.peer(), Transport::udp, shard_.now());
  if (!query) co_return;  // no header, or itself a response: stay silent
  query->setStopToken(abort);
  DatagramReply reply(std::move(datagram), query->peer());
  co_await factory_.messageReceived(*query, reply);
}

}  // namespace taut
