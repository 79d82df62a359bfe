// Makes the reply of a query and its answer: the one place that decides header bits, truncation and OPT.
#pragma once

#include <cstddef>
#include <cstdint>

#include "taut/base/bytes.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/query.hpp"

namespace taut {

struct ReplyOptions {
  bool recursionAvailable = false;
  bool rrsetRoundRobin = false;  // whether the order of records in the RRsets of the answer section goes by the ID
  std::uint16_t udpPayloadSize = defaultUdpSize;  // octets: the size that OPT advertises
  // Encoded options for the reply's OPT, where the query had one; not in the buffer that the reply is written to. They
  // come before records, and are left out where they do not fit beside the question.
  ByteSpan ednsOptions;
};

// Writes the reply and returns its size: at most query.replyLimit(), and what the buffer holds, which is at least 512
// octets. `buffer` may be the one that the query was received in; nothing that `answer` refers to may lie there.
//
// QR is set; ID, opcode, RD and CD are the query's; AA, AD and RCODE the answer's (AD only for a client that asked with
// DO or AD, RFC 6840 section 5.8). RRsets go in whole. When a required one does not fit, TC is set and nothing more is
// put (RFC 2181 section 9); an answer that is `truncated` itself has TC and no record. A query without OPT gets none,
// and an extended RCODE becomes SERVFAIL for it.
std::size_t writeReply(const Query& query, const Answer& answer, const ReplyOptions& options, MutableByteSpan buffer);

}  // namespace taut
