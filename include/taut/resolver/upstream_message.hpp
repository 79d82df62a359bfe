// One question to another server as messages: the query to send, and what to make of a reply.
//
// A reply is hostile until it has proved to be one: ID, QR, opcode and question are those that were asked (RFC 5452
// section 9.1). It is then read whole and strictly, and only what belongs to the question is taken from it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "taut/base/bytes.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/question.hpp"

namespace taut {

struct UpstreamQuestion : Question {
  bool dnssecOk = false;
  bool checkingDisabled = false;

  friend bool operator==(const UpstreamQuestion&, const UpstreamQuestion&) = default;
};

inline constexpr std::size_t maxUpstreamQuerySize = 12 + maxNameSize + 4 + 11;  // octets

// Writes the query, with RD, and with AD to learn whether the server has validated (RFC 6840 section 5.7); its size.
// With `edns` it offers to take `udpPayloadSize` octets; without, DO cannot be said.
std::size_t writeUpstreamQuery(const UpstreamQuestion& question, std::uint16_t id, bool edns,
                               std::uint16_t udpPayloadSize, MutableByteSpan buffer);

struct UpstreamReply {
  enum class Kind : std::uint8_t {
    foreign,    // no reply to this query: somebody guesses, or a late one
    truncated,  // TC: to be asked again over TCP
    unusable,   // a reply, but malformed, or one that does not answer the question
    complete,   // any RCODE, in `answer`
  };

  Kind kind = Kind::foreign;
  bool edns = false;  // it has an OPT record
  Answer answer;      // records only where the RCODE is NOERROR, NXDOMAIN or YXDOMAIN; AA is off, AD as received
};

// What is taken from a reply:
//  - answer section: the records of the name asked for and of the names that its aliases lead to, and the DNAMEs above
//    them;
//  - authority section: SOA, NS and DS of these names' ancestors, and with DO the proofs;
//  - additional section: the addresses of names that the records taken refer to, as optional data.
// Records of other classes, of meta types and beyond that are dropped. A referral is no answer, and neither is a reply
// whose answer section is about other names.
UpstreamReply readUpstreamReply(const UpstreamQuestion& question, std::uint16_t id, ByteSpan message);

}  // namespace taut
