#include "messages.hpp"

#include <chrono>

#include <fmt/format.h>

#include "taut/dns/edns.hpp"
#include "taut/dns/reply_builder.hpp"

namespace taut::detail {

namespace {

constexpr std::uint16_t udpPayloadSize = 1232;                      // octets: no reply needs fragments (RFC 9715)
constexpr std::array<std::uint8_t, 4> expireOption = {0, 9, 0, 0};  // EXPIRE, empty (RFC 7314 section 3.1)

std::optional<std::chrono::seconds> expireAmong(ByteSpan options) {
  ByteReader reader(options);
  while (reader.remaining() > 0) {
    const auto code = static_cast<EdnsOption>(reader.u16());
    const ByteSpan data = reader.take(reader.u16());
    if (!reader.ok()) break;
    if (code == EdnsOption::EXPIRE && data.size() == 4) return std::chrono::seconds(loadU32(data.data()));
  }
  return std::nullopt;
}

std::string_view nameOf(TsigError error) {
  switch (error) {
    case TsigError::BADSIG:
      return "BADSIG, the secrets differ";
    case TsigError::BADKEY:
      return "BADKEY, it does not know the key or its algorithm";
    case TsigError::BADTIME:
      return "BADTIME";
    case TsigError::BADTRUNC:
      return "BADTRUNC";
    case TsigError::none:
      break;
  }
  return "an unknown error";
}

}  // namespace

std::size_t writeRequest(MutableByteSpan buffer, std::uint16_t id, std::uint16_t flags, const QuestionView& question,
                         WantsExpire wantsExpire, Section section, const std::optional<RRset>& soa) {
  ReplyBuilder builder(buffer, buffer.size());
  builder.begin(id, flags);
  builder.putQuestion(question);
  if (soa) builder.put(section, *soa);
  if (wantsExpire == WantsExpire::yes) builder.putOpt(udpPayloadSize, Rcode::NOERROR, false, expireOption);
  return builder.finish();
}

bool isReplyTo(MessageView& view, std::uint16_t id, Opcode opcode, const QuestionView& question) {
  if (view.id() != id || !view.isResponse() || view.opcode() != opcode) return false;
  if (view.questionCount() == 0) return view.rcode() != Rcode::NOERROR || opcode == Opcode::NOTIFY;
  if (view.questionCount() != 1) return false;
  const auto asked = view.nextQuestion();
  return asked && QuestionView(*asked) == question;
}

std::optional<std::chrono::seconds> expireOf(ByteSpan message) {
  auto view = MessageView::parse(message);
  if (!view) return std::nullopt;
  while (const auto record = view->nextRecord())
    if (record->section == Section::additional && record->type == Type::OPT)
      return expireAmong(message.subspan(record->rdataOffset, record->rdataSize));
  return std::nullopt;
}

std::uint64_t signingTime(const Shard& shard) {
  const auto now = std::chrono::floor<std::chrono::seconds>(shard.clock().wallTime());
  return static_cast<std::uint64_t>(now.time_since_epoch().count());
}

std::string describeFault(TsigFault fault, const TsigVerifier& verifier, std::uint64_t now) {
  if (fault != TsigFault::refusedByServer) return std::string(describe(fault));
  std::string text = fmt::format("it does not accept our signature: {}", nameOf(verifier.serverError()));
  if (const auto its = verifier.serverTime())
    text += fmt::format(", its clock is at {} and ours at {} seconds since 1970", *its, now);
  return text;
}

}  // namespace taut::detail
