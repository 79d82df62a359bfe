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
  Reply(const DatagramService& service, Datagram datagram, const Address& client, TimePoint received)
      : WaitingQuery(datagram.payload(), {client, Transport::udp, received, {}, {}}, service.factory_.udpPayloadSize()),
        service_(service),
        datagram_(std::move(datagram)) {}

  MutableByteSpan replyBuffer() override { return datagram_ ? datagram_->buffer() : MutableByteSpan(); }

  Address localAddress() const override {
    if (known_) return known_->local;
    return datagram_ ? service_.localAddressOf(*datagram_) : service_.local_;
  }
  Address listener() const override { return known_ ? known_->listener : service_.listener_; }
  // The client has spoken to this address, and a balancer passes it on.
  void setDestination(const Address& destination) { known_ = {destination, service_.listener_}; }

 private:
  Task<> send(std::size_t size) override {
    if (datagram_) {
      if (service_.isWildcard_) [[unlikely]]
        remember();
      std::move(*datagram_).reply(size);
      datagram_.reset();
    }
    return Task<>::ready();
  }
  void leaveTransport() override {
    remember();
    datagram_.reset();
  }
  void remember() { known_ = {localAddress(), listener()}; }

  const DatagramService& service_;
  std::optional<Datagram> datagram_;
  std::optional<Place> known_;
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
  auto reply = parse(std::move(datagram), client, factory_.counters().requestsOf(Transport::udp, client.isV6()));
  if (reply && !header->destination().empty()) reply->setDestination(header->destination());
  return reply;
}

// The kernel says for each datagram which address it was sent to where the socket has all of them.
Address DatagramService::localAddressOf(const Datagram& datagram) const {
  const Address asked = datagram.local();
  return asked.empty() ? local_ : asked.withPort(local_.port());
}

std::unique_ptr<DatagramService::Reply> DatagramService::parse(Datagram datagram, const Address& client,
                                                               ServerCounters::Types& requests) const {
  const std::size_t size = datagram.payload().size();
  try {
    auto reply = std::make_unique<Reply>(*this, std::move(datagram), client, shard_.now());
    if (!reply->query()) {
      factory_.ignore(client, Transport::udp, DropReason::unparsable);
      return nullptr;
    }
    factory_.counters().countRequest(requests, reply->query()->type(), size);
    return reply;
  } catch (const std::bad_alloc&) {
    factory_.ignore(client, Transport::udp, DropReason::memory);
    reportMemoryShortage();
    return nullptr;
  }
}

void DatagramService::start(std::unique_ptr<Reply> reply) {
  try {
    queries_.start(std::move(reply));
  } catch (const std::bad_alloc&) {
    reportMemoryShortage();
  }
}

// A single query gains nothing.
void DatagramService::prefetch(std::span<const std::unique_ptr<Reply>> arrived) const {
  if (arrived.size() < 2) return;
  std::array<const Query*, batchSize> queries;
  for (std::size_t i = 0; i < arrived.size(); ++i) queries[i] = &*arrived[i]->query();
  factory_.prefetch(std::span(queries).first(arrived.size()));
}

}  // namespace taut
