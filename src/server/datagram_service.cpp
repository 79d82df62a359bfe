#include "taut/server/datagram_service.hpp"

#include <array>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <utility>

#include "memory_shortage.hpp"

namespace taut {

// One query and the way back to its client. The reply is written over the query and leaves from the same buffer.
class DatagramService::Reply final : public WaitingQuery {
 public:
  Reply(Datagram datagram, TimePoint received, std::size_t sizeLimit)
      : WaitingQuery(datagram.payload(), {datagram.peer(), Transport::udp, received, {}, {}}, sizeLimit),
        datagram_(std::move(datagram)) {}

  // Also where there is no query.
  Address client() const { return datagram_->peer(); }
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
  const std::size_t size = datagram.payload().size();
  try {
    auto reply = std::make_unique<Reply>(std::move(datagram), shard_.now(), factory_.udpPayloadSize());
    if (!reply->query()) {
      ignore(*reply);
      return nullptr;
    }
    factory_.counters().countRequest(requests_, reply->query()->type(), size);
    return reply;
  } catch (const std::bad_alloc&) {
    factory_.counters().countDrop(DropReason::memory);
    reportMemoryShortage();
    return nullptr;
  }
}

void DatagramService::ignore(const Reply& reply) const {
  factory_.counters().countDrop(DropReason::unparsable);
  if (QueryLog* const log = factory_.queryLog()) log->unparsable(reply.client(), Transport::udp, factory_.clock());
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
