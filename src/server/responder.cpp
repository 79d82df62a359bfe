#include "taut/server/responder.hpp"

#include <array>
#include <stdexcept>
#include <utility>

#include "taut/dns/reply.hpp"
#include "taut/dns/reply_builder.hpp"

namespace taut {

void Responder::setUdpPayloadSize(std::uint16_t octets) {
  if (octets < classicUdpSize || octets > 4096) throw std::invalid_argument("UDP payload size: expected 512 to 4096");
  udpPayloadSize_ = octets;
}

void Responder::setEdns(EdnsSettings settings) {
  if (settings.nsid.size() > EdnsSettings::maxNsid) throw std::invalid_argument("NSID: expected at most 255 octets");
  edns_ = std::move(settings);
}

bool Responder::isCookieRequest(const Query& query) const {
  return query.questionCount() == 0 && query.opcode() == Opcode::QUERY && edns_.cookies && query.edns() &&
         query.edns()->cookie.size > 0;
}

Answer Responder::answerCookieRequest(const Query& query) const {
  const bool wrong = !query.edns()->cookie.server().empty() && !hasValidCookie(query);
  return Answer(wrong ? Rcode::BADCOOKIE : Rcode::NOERROR);
}

bool Responder::hasValidCookie(const Query& query) const {
  if (!edns_.cookies || !query.edns() || query.edns()->cookie.server().empty()) return false;
  return edns_.cookies->isValid(query.edns()->cookie, query.peer(), ServerCookies::timestamp(clock_->wallTime()));
}

RateLimiter::Verdict Responder::limitRate(const Query& query, const Answer& answer) {
  if (!rateLimiter_ || query.transport() != Transport::udp || hasValidCookie(query)) return RateLimiter::Verdict::send;
  const RateLimiter::Verdict verdict = rateLimiter_->account(query, answer);
  if (verdict == RateLimiter::Verdict::drop) counters_.countDrop(DropReason::rateLimit);
  if (verdict == RateLimiter::Verdict::truncate) ++counters_.truncatedByRateLimit;
  return verdict;
}

std::size_t Responder::write(const Query& query, const Answer& answer, bool recursionAvailable,
                             MutableByteSpan buffer) {
  if (answer.isMovedFrom()) [[unlikely]]
    throw std::logic_error("the answer had been moved from");
  if (buffer.size() < messageHeaderSize) [[unlikely]]
    return 0;
  const EdnsOptions options(edns_, query, answer, *clock_, counters_.cookies);
  ReplyOptions reply;
  reply.recursionAvailable = recursionAvailable;
  reply.rrsetRoundRobin = rrsetRoundRobin_;
  reply.udpPayloadSize = udpPayloadSize_;
  reply.ednsOptions = options.octets();
  const std::size_t size = writeReply(query, answer, reply, buffer);
  counters_.countResponse(query.transport(), answer.rcode(), buffer.first(size));
  return size;
}

std::vector<std::uint8_t> Responder::optOf(const Query& query, const Answer& answer) const {
  if (!query.edns()) return {};
  const EdnsOptions options(edns_, query, answer, *clock_, counters_.cookies);
  std::array<std::uint8_t, 2048> message;
  ReplyBuilder builder(message, message.size());
  builder.begin(0, 0);
  builder.putOpt(udpPayloadSize_, answer.rcode(), query.dnssecOk(), options.octets());
  const ByteSpan opt = ByteSpan(message).first(builder.finish()).subspan(messageHeaderSize);
  return {opt.begin(), opt.end()};
}

}  // namespace taut
