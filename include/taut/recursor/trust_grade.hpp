// How far data from another server is to be trusted (RFC 2181 section 5.4.1): data of a lower grade never takes the
// place of data of a higher one that still lives.
#pragma once

#include <cstdint>

namespace taut {

// In rising order.
enum class TrustGrade : std::uint8_t {
  additional,                 // glue, and other additional data: never answered, unless it came from a forwarder
  authorityNonAuthoritative,  // from the authority section of a reply without AA, such as the NS of a referral
  answerNonAuthoritative,     // from the answer section of a reply without AA, and what an alias there leads to
  authority,                  // from the authority section of a reply with AA; DS and its denial in a referral
  answer,                     // from the answer section of a reply with AA, about the name that was asked for
  secure,                     // validated by DNSSEC, wherever it was
};

}  // namespace taut
