#include "taut/server/datagram_service.hpp"

#include <array>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <utility>

#include "memory_shortage.hpp"
#include "taut/net/proxy_header.hpp"

namespace taut {

// One query and the way back to its client. The reply is written over the query and leaves from the same buffer.
class DatagramService::Reply final : public WaitingQuery {
 public:
  Reply(Datagram datagram, const Address& client, TimePoint received, std::size_t sizeLimit)
      : WaitingQuery(datagram.payload(), {client, Transport::udp, received, {}, {}}, sizeLimit),
        datagram_(std::move(datagram)) {}

  MutableByteSpan replyBuffer() override { return datagram_ ? datagram_->buffer() : MutableByteSpan(); }

 private:
  Task<> send(std::size_t size) override {
    if (datagram_) {
      std::move(*datagram_).reply(size);
      datagram_.reset();
    }
    return Task<>::ready();
  }
  void leaveTransport() override { datagram_.reset(); }

  std::optional<Datagram> datagram_;
};

namespace {

// How many of the datagrams that have come are parsed before the first is answered, so that the waits of their look-ups
// for memory overlap.
constexpr std::size_t batchSize = 32;

}  // namespace

// One coroutine for each datagram. It owns the datagram's buffer until its reply has left.
Task<> DatagramService::serve(StopToken stop, StopToken abort) {
  const auto stopAll = [this] { queries_.stop(); };
  const StopCallback whenAborted(abort, stopAll);
  auto datagrams = socket_.receiveMany(buffers_, stop);
  std::array<std::unique_ptr<Reply>, batchSize> arrived;
  while (auto datagram = co_await datagrams.next()) {
    std::size_t count = 0;
    while (datagram) {
      arrived[count] = parse(std::move(*datagram));
      if (arrived[count]) ++count;
      datagram = count < arrived.size() ? datagrams.tryNext() : std::nullopt;
    }
    prefetch(std::span(arrived).first(count));
    for (std::unique_ptr<Reply>& reply : std::span(arrived).first(count)) start(std::move(reply));
  }
  co_await queries_.tasks().join();
  socket_.flushReplies();
}

std::unique_ptr<DatagramService::Reply> DatagramService::parse(Datagram datagram) const {
  const Address peer = datagram.peer();
  if (factory_.isProxy(peer)) [[unlikely]]
    return parseProxied(std::move(datagram), peer);
  return parse(std::move(datagram), peer, requests_);
}

std::unique_ptr<DatagramService::Reply> DatagramService::parseProxied(Datagram datagram, const Address& peer) const {
  const auto header = ProxyHeader::read(datagram.payload());
  if (!header) {
    factory_.ignore(peer, Transport::udp, DropReason::proxy);
    return nullptr;
  }
  const Address& client = header->clientOf(peer);
  datagram.dropFront(header->size());
  return parse(std::move(datagram), client, factory_.counters().requestsOf(Transport::udp, client.isV6()));
}

std::unique_ptr<DatagramService::Reply> DatagramService::parse(Datagram datagram, const Address& client,
                                                               ServerCounters::Types& requests) const {
  const std::size_t size = datagram.payload().size();
  try {
    auto reply = std::make_unique<Reply>(std::move(datagram), client, shard_.now(), factory_.udpPayloadSize());
    if (!reply->query()) {
      factory_.ignore(client, Transport::udp, DropReason::unparsable);
      return nullptr;
    }
    factory_.counters().countRequest(requests, reply->query()->type(), size);
    return reply;
  } catch (const std::bad_alloc&) {
    factory_.counters().countDrop(DropReason::memory);
    reportMemoryShortage();
    return nullptr;
  }
}

void DatagramService::start(std::unique_ptr<Reply> reply) {
  try {
    queries_.start(std::move(reply));
  } catch (const std::bad_alloc&) {
    factory_.counters().countDrop(DropReason::memory);
    reportMemoryShortage();
  }
}

// A single query gains nothing.
void DatagramService::prefetch(std::span<const std::unique_ptr<Reply>> arrived) const {
  if (arrived.size() < 2) return;
  std::array<const Query*, batchSize> queries;
  for (std::size_t i = 0; i < arrived.size(); ++i) queries[i] = &*arrived[i]->query();
  factory_.resolver().prefetch(std::span(queries).first(arrived.size()));
}

}  // namespace taut
