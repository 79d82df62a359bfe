// The messages of secondaries: questions for an SOA, requests for transfers (RFC 5936, RFC 1995) and NOTIFY (RFC 1996).
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/dns/question.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/tsig.hpp"
#include "taut/dns/type.hpp"
#include "taut/io/shard.hpp"

namespace taut::detail {

// Octets: a question, an SOA record and a TSIG record fit, with the longest names.
using RequestBuffer = std::array<std::uint8_t, 2560>;

// Whether a request asks for the EXPIRE option (RFC 7314), in an OPT record: not one for a server without EDNS.
enum class WantsExpire : bool { no, yes };

// A message with one question, and the SOA in a section where there is one. Gives its size.
std::size_t writeRequest(MutableByteSpan buffer, std::uint16_t id, std::uint16_t flags, const QuestionView& question,
                         WantsExpire wantsExpire, Section section = Section::answer,
                         const std::optional<RRset>& soa = std::nullopt);

// Whether a message is the reply to such a request. One that says no may leave the question out.
bool isReplyTo(MessageView& view, std::uint16_t id, Opcode opcode, const QuestionView& question);

// For how long the server has the zone, by the reply's EXPIRE option; nothing where it has none.
std::optional<std::chrono::seconds> expireOf(ByteSpan message);

// Seconds since 1970, for TSIG.
std::uint64_t signingTime(const Shard& shard);

// What is wrong with the signature, for the log.
std::string describeFault(TsigFault fault, const TsigVerifier& verifier, std::uint64_t now);

}  // namespace taut::detail
