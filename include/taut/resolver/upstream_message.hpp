// The records of a reply to a question that was forwarded: all of it is read, strictly, and only the records that
// belong to the question are taken.
#pragma once

#include <cstdint>

#include "taut/base/bytes.hpp"
#include "taut/dns/answer.hpp"
#include "taut/resolver/upstream_query.hpp"

namespace taut {

struct UpstreamReply {
  enum class Kind : std::uint8_t {
    unusable,  // malformed, or one that does not answer the question
    endless,   // its aliases lead in a circle, or through more than 32 names
    complete,  // any RCODE, in `answer`
  };

  Kind kind = Kind::unusable;
  Answer answer;  // records only where the RCODE is NOERROR, NXDOMAIN or YXDOMAIN; AA is off, AD as received
};

// The records that are taken from a reply:
// - answer section: those of the name asked for and of the names that its aliases lead to, and the DNAMEs above them;
// - authority section: SOA, NS and DS of these names' ancestors, and the proofs;
// - additional section: the addresses of names that the taken records refer to, as optional data.
// Each section has the signatures too. Records of other classes, of meta types, and all others are dropped. A referral
// is unusable, and so is a reply whose answer section is about other names.
//
// Where the question has a client subnet the answer has the scope of the head.
UpstreamReply readUpstreamReply(const UpstreamQuestion& question, const UpstreamReplyHead& head, ByteSpan message);

}  // namespace taut
