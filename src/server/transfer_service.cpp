#include "taut/server/transfer_service.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "taut/base/counted.hpp"
#include "taut/base/log.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/dns/tsig_key.hpp"
#include "taut/zone/transfer_writer.hpp"
#include "taut/zone/zone_difference.hpp"

namespace taut {

// One that is under way, or is written into one message.
struct TransferService::Transfer {
  Transfer(const Query& query, ServedZone served, std::optional<Serial> client,
           DifferenceSource::Differences differences, TimePoint now)
      : writer(replyTo(query), served.zone, std::move(differences)),
        zone(std::move(served.zone)),
        view(std::move(served.view)),
        asked(query.type()),
        from(client),
        begun(now) {}

  static TransferWriter::Reply replyTo(const Query& query) {
    const std::uint16_t flags = flag::QR | flag::AA | (query.flags() & flag::RD);
    return {query.id(), static_cast<std::uint16_t>(flags), query.question()};
  }

  // `IXFR, serial 3 to 7`, or `AXFR, serial 7`.
  std::string what() const {
    if (writer.isIncremental()) return fmt::format("IXFR, serial {} to {}", from->value(), zone->serial());
    return fmt::format("{}, serial {}", asked == Type::AXFR ? "AXFR" : "AXFR in answer to IXFR", zone->serial());
  }

  TransferWriter writer;
  std::shared_ptr<const Zone> zone;
  std::string view;
  Type asked;
  std::optional<Serial> from;  // what the client has
  std::vector<std::uint8_t> opt;
  TimePoint begun;
  std::uint64_t octets = 0;
  std::uint64_t messages = 0;
  TransferQuota::Place place;
};

namespace {

Answer own(Answer answer) {
  answer.setSource(AnswerSource::Kind::server);
  return answer;
}
Answer withError(Answer answer, ExtendedErrorCode why, std::string_view text = {}) {
  answer.setExtendedError(why, text);
  return own(std::move(answer));
}

// The version that the client has: that of the SOA in the authority section (RFC 1995 section 3).
std::optional<Serial> serialOf(const Query& query) {
  auto message = MessageView::parse(query.message());
  if (!message) return std::nullopt;
  while (const auto record = message->nextRecord()) {
    if (record->section != Section::authority || record->type != Type::SOA || record->owner != query.name()) continue;
    if (record->rdataSize < leastSoaSize) return std::nullopt;
    return serialOfSoa(message->message().subspan(record->rdataOffset, record->rdataSize));
  }
  return std::nullopt;
}

// Counts a transfer while it is under way.
class UnderWay {
 public:
  explicit UnderWay(TransferCounters& counters) : counters_(counters) { ++counters_.begun; }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;
  ~UnderWay() { ++counters_.ended; }

 private:
  TransferCounters& counters_;
};

}  // namespace

TransferService::TransferService(Shard& shard, Responder& responder, ServerCounters& counters,
                                 std::shared_ptr<const TransferSettings> settings)
    : shard_(shard), responder_(responder), counters_(counters), settings_(std::move(settings)) {}

Task<std::optional<Answer>> TransferService::answer(const Query& query, ReplyChannel& channel, ServedZone served) {
  if (auto refused = refusal(query, channel, served)) return Task<std::optional<Answer>>::ready(std::move(refused));
  if (query.type() == Type::IXFR) return answerIncremental(query, channel, std::move(served));
  return begin(query, channel,
               std::make_unique<Transfer>(query, std::move(served), std::nullopt, DifferenceSource::Differences(),
                                          shard_.now()));
}

// What is answered whatever the zone has.
std::optional<Answer> TransferService::refusal(const Query& query, const ReplyChannel& channel,
                                               const ServedZone& served) {
  if (query.type() == Type::AXFR && !channel.takesMany())
    return withError(Answer::notImplemented(), ExtendedErrorCode::notSupported, "zones are transferred over TCP");
  if (!served) return withError(Answer(Rcode::NOTAUTH), ExtendedErrorCode::notAuthoritative);
  const AccessList* const allowed = settings_->find(served.zone->origin(), served.view);
  if (!allowed || !allowed->allows(query)) {
    ++counters_.transfers.refused;
    return withError(Answer::refused(), ExtendedErrorCode::prohibited);
  }
  if (!served.zone->isLoaded())
    return withError(Answer::serverFailure(), ExtendedErrorCode::notReady, "the zone is not loaded");
  return std::nullopt;
}

Answer TransferService::upToDate(const Query& query, const Zone& zone) {
  ++counters_.transfers.upToDate;
  return soaOf(query, zone);
}

// The SOA alone.
Answer TransferService::soaOf(const Query& query, const Zone& zone) const {
  Answer answer;
  answer.setAuthoritative(true);
  answer.setSource(AnswerSource::zone(zone.origin()));
  const RRset soa = zone.soa().data;
  answer.addRecord(Section::answer, query.name(), Type::SOA, soa.rrClass, soa.ttl, soa.front());
  return answer;
}

Task<std::optional<Answer>> TransferService::answerIncremental(const Query& query, ReplyChannel& channel,
                                                               ServedZone served) {
  using Ready = Task<std::optional<Answer>>;
  const Zone& zone = *served.zone;
  const std::optional<Serial> client = serialOf(query);
  // Over a stream the message is gone where something has waited before; then the whole zone is right in any case.
  if (!client && !query.message().empty()) return Ready::ready(own(Answer::formatError()));
  if (client && !isNewer(Serial(zone.serial()), *client)) return Ready::ready(upToDate(query, zone));
  DifferenceSource::Differences differences;
  if (client && settings_->differences)
    differences = settings_->differences->find(zone, served.view, *client, zone.memoryUse());
  const bool isOneMessage = !channel.takesMany();
  if (isOneMessage && differences.empty()) return Ready::ready(soaOf(query, zone));
  auto transfer = std::make_unique<Transfer>(query, std::move(served), client, std::move(differences), shard_.now());
  if (!isOneMessage) return begin(query, channel, std::move(transfer));
  if (writeOneMessage(query, *transfer, channel.replyBuffer())) return send(query, channel, std::move(transfer));
  return Ready::ready(soaOf(query, *transfer->zone));
}

// Whether all of it is in the buffer.
bool TransferService::writeOneMessage(const Query& query, Transfer& transfer, MutableByteSpan buffer) const {
  const auto opt = responder_.optOf(query, soaOf(query, *transfer.zone));
  buffer = buffer.first(std::min(buffer.size(), query.replyLimit()));
  if (buffer.size() < classicUdpSize) return false;
  transfer.octets = transfer.writer.next(buffer, opt);
  return transfer.writer.isFinished();
}

Task<std::optional<Answer>> TransferService::send(const Query& query, ReplyChannel& channel,
                                                  std::unique_ptr<Transfer> transfer) {
  ++transfer->messages;
  counters_.countResponse(query.transport(), Rcode::NOERROR, channel.replyBuffer().first(transfer->octets));
  co_await channel.write(transfer->octets);
  count(*transfer);
  co_return Answer::noReply();
}

Task<std::optional<Answer>> TransferService::begin(const Query& query, ReplyChannel& channel,
                                                   std::unique_ptr<Transfer> transfer) {
  transfer->place = settings_->quota->take(query.peer());
  if (!transfer->place) {
    ++counters_.transfers.overQuota;
    return Task<std::optional<Answer>>::ready(
        withError(Answer::serverFailure(), ExtendedErrorCode::other, "too many transfers at once"));
  }
  channel.takeNoPlace();
  transfer->opt = responder_.optOf(query, soaOf(query, *transfer->zone));
  return write(query, channel, std::move(transfer));
}

Task<std::optional<Answer>> TransferService::write(const Query& query, ReplyChannel& channel,
                                                   std::unique_ptr<Transfer> transfer) {
  const UnderWay underWay(counters_.transfers);
  for (;;) {
    const bool mine = co_await turns_.next(query.stopToken());
    const MutableByteSpan buffer = channel.replyBuffer();
    if (!mine || buffer.size() < classicUdpSize) break;
    const std::size_t size = transfer->writer.next(buffer, transfer->opt);
    if (size == 0) break;
    transfer->opt.clear();
    if (transfer->messages++ == 0) counters_.countResponse(query.transport(), Rcode::NOERROR, buffer.first(size));
    transfer->octets += size;
    co_await channel.write(size);
    if (query.stopToken().stopRequested()) break;
  }
  co_return end(query, channel, *transfer);
}

std::optional<Answer> TransferService::end(const Query& query, ReplyChannel& channel, const Transfer& transfer) {
  const bool isWhole = transfer.writer.isFinished() && !query.stopToken().stopRequested() && !channel.isClosed();
  const double seconds = std::chrono::duration<double>(shard_.now() - transfer.begun).count();
  const std::string key = query.key() ? fmt::format(", key {}", query.key()->name) : std::string();
  const std::string text =
      fmt::format("zone {}{}{} to {}{}: {}, {}, {}, {}, {:.3f} s", transfer.zone->origin(),
                  transfer.view.empty() ? "" : " of view ", transfer.view, query.peer(), key, transfer.what(),
                  counted(transfer.writer.records(), "record"), counted(transfer.messages, "message"),
                  counted(transfer.octets, "octet"), seconds);
  if (isWhole) {
    count(transfer);
    log::info("{}", text);
    return Answer::noReply();
  }
  ++counters_.transfers.failed;
  if (transfer.writer.isStuck())
    log::error("{}; broken off, the next record is too large for a message", text);
  else
    log::info("{}; broken off", text);
  if (transfer.messages == 0) return own(Answer::serverFailure());
  channel.abort();
  return Answer::noReply();
}

void TransferService::count(const Transfer& transfer) {
  TransferCounters& counters = counters_.transfers;
  ++(transfer.writer.isIncremental() ? counters.incremental : counters.whole);
  counters.records += transfer.writer.records();
  counters.octets += transfer.octets;
}

}  // namespace taut
