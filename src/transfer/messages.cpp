#include "messages.hpp"

#include <chrono>

#include <fmt/format.h>

#include "taut/dns/reply_builder.hpp"

namespace taut::detail {

namespace {

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
                         Section section, const std::optional<RRset>& soa) {
  ReplyBuilder builder(buffer, buffer.size());
  builder.begin(id, flags);
  builder.putQuestion(question);
  if (soa) builder.put(section, *soa);
  return builder.finish();
}

bool isReplyTo(MessageView& view, std::uint16_t id, Opcode opcode, const QuestionView& question) {
  if (view.id() != id || !view.isResponse() || view.opcode() != opcode) return false;
  if (view.questionCount() == 0) return view.rcode() != Rcode::NOERROR || opcode == Opcode::NOTIFY;
  if (view.questionCount() != 1) return false;
  const auto asked = view.nextQuestion();
  return asked && QuestionView(*asked) == question;
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
