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
class DatagramService::Reply final : public ReplyChannel, public WaitingQuery, public ListHook<> {
 public:
  Reply(Datagram datagram, TimePoint received, std::size_t sizeLimit)
      : datagram_(std::move(datagram)),
        query_(Query::parse(datagram_->payload(), {datagram_->peer(), Transport::udp, received, stopToken()},
                            sizeLimit)) {}
  ~Reply() override { ListHook<>::unlink(); }

  // Nothing for a message without a header, or one that is itself a response: it gets no reply.
  const std::optional<Query>& query() const { return query_; }

  Transport transport() const override { return Transport::udp; }
  const Address& peer() const override { return query_->peer(); }
  MutableByteSpan replyBuffer() override { return datagram_ ? datagram_->buffer() : MutableByteSpan(); }

 private:
  Task<> send(std::size_t size) override {
    if (datagram_) {
      std::move(*datagram_).reply(size);
      datagram_.reset();
    }
    return Task<>::ready();
  }

  std::optional<Datagram> datagram_;
  std::optional<Query> query_;
};

namespace {

// How many of the datagrams that have come are parsed before the first is answered, so that the waits of their look-ups
// for memory overlap.
constexpr std::size_t batchSize = 32;

}  // namespace

Task<> DatagramService::serve(StopToken stop, StopToken abort) {
  TaskScope queries;
  const auto stopAll = [this] { stopWaiting(); };
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
    for (std::unique_ptr<Reply>& reply : std::span(arrived).first(count)) answer(std::move(reply), queries);
  }
  co_await queries.join();
  socket_.flushReplies();
}

std::unique_ptr<DatagramService::Reply> DatagramService::parse(Datagram datagram) const {
  try {
    auto reply = std::make_unique<Reply>(std::move(datagram), shard_.now(), factory_.udpPayloadSize());
    if (!reply->query()) reply.reset();
    return reply;
  } catch (const std::bad_alloc&) {
    reportMemoryShortage();
    return nullptr;
  }
}

// A single query gains nothing.
void DatagramService::prefetch(std::span<const std::unique_ptr<Reply>> arrived) const {
  if (arrived.size() < 2) return;
  std::array<const Query*, batchSize> queries;
  for (std::size_t i = 0; i < arrived.size(); ++i) queries[i] = &*arrived[i]->query();
  factory_.resolver().prefetch(std::span(queries).first(arrived.size()));
}

// One coroutine for each datagram. It owns the datagram's buffer until its reply has left.
void DatagramService::answer(std::unique_ptr<Reply> reply, TaskScope& queries) {
  Reply& channel = *reply;
  started_.pushBack(channel);
  try {
    queries.spawn(factory_.serve(*channel.query(), channel, std::move(reply)));
  } catch (const std::bad_alloc&) {
    reportMemoryShortage();
    return;
  }
  Reply* const waiting = started_.popFront();
  if (!waiting) return;
  waiting_.pushBack(*waiting);
  factory_.waitingQueries().add(*waiting, waiting->peer());
}

// The last query that ends may end the service with it: nothing of the service is touched after the first stop.
void DatagramService::stopWaiting() {
  IntrusiveList<Reply> waiting(std::move(waiting_));
  while (Reply* const reply = waiting.popFront()) reply->stop();
}

}  // namespace taut
