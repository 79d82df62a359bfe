// One question to another server as messages: writes the query, and reads the reply.
//
// A reply is hostile until it has been checked: its ID, QR, opcode and question must be those of the query (RFC 5452
// section 9.1). Then all of it is read, strictly, and only the records that belong to the question are taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "taut/base/bytes.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/edns.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/question.hpp"

namespace taut {

struct UpstreamQuestion : Question {
  bool checkingDisabled = false;
  std::optional<ClientSubnet> clientSubnet{};  // that the server is told, where it is asked with EDNS

  friend bool operator==(const UpstreamQuestion&, const UpstreamQuestion&) = default;
};

inline constexpr std::size_t maxUpstreamQuerySize = 12 + maxNameSize + 4 + 11 + 4 + 20;  // octets

// Writes the query, and returns its size. It has RD, and AD to learn whether the server has validated (RFC 6840 section
// 5.7). With `edns` it offers to take `udpPayloadSize` octets, and has DO, so that one reply serves clients with and
// without DO.
std::size_t writeUpstreamQuery(const UpstreamQuestion& question, std::uint16_t id, bool edns,
                               std::uint16_t udpPayloadSize, MutableByteSpan buffer);

struct UpstreamReply {
  enum class Kind : std::uint8_t {
    mismatched,  // no reply to this query: late, or forged by guessing
    truncated,   // TC: to be asked again over TCP
    unusable,    // a reply, but malformed, or one that does not answer the question
    endless,     // its aliases lead in a circle, or through more than 32 names
    complete,    // any RCODE, in `answer`
  };

  Kind kind = Kind::mismatched;
  bool edns = false;  // it has an OPT record
  Answer answer;      // records only where the RCODE is NOERROR, NXDOMAIN or YXDOMAIN; AA is off, AD as received
};

// The records that are taken from a reply:
// - answer section: those of the name asked for and of the names that its aliases lead to, and the DNAMEs above them;
// - authority section: SOA, NS and DS of these names' ancestors, and the proofs;
// - additional section: the addresses of names that the taken records refer to, as optional data.
// Each section has the signatures too. Records of other classes, of meta types, and all others are dropped. A referral
// is unusable, and so is a reply whose answer section is about other names.
//
// A reply whose client subnet is malformed, or another one than that of the question, is mismatched (RFC 7871 section
// 11.2). Otherwise the answer has the scope of the option, and where the server has sent none the scope 0
// (section 7.3). Without a subnet in the question the option is ignored.
UpstreamReply readUpstreamReply(const UpstreamQuestion& question, std::uint16_t id, ByteSpan message);

}  // namespace taut
