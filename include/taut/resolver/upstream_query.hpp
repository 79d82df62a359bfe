// The query that another server is sent for one question, and what tells its reply from other messages.
//
// A reply is hostile until it has been checked: its ID, QR, opcode and question must be those of the query (RFC 5452
// section 9.1), and so must the client subnet (RFC 7871 section 11.2) and the client's cookie (RFC 7873 section 5.3),
// where the query had them. What its records say is the business of others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "taut/base/bytes.hpp"
#include "taut/dns/edns.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/question.hpp"
#include "taut/dns/type.hpp"

namespace taut {

struct UpstreamQuestion : Question {
  bool checkingDisabled = false;
  std::optional<ClientSubnet> clientSubnet{};  // that the server is told, where it is asked with EDNS
  bool recursionDesired = true;                // off for a server that is asked for what it has itself

  friend bool operator==(const UpstreamQuestion&, const UpstreamQuestion&) = default;
};

// What a query has beside the question.
struct UpstreamQuery {
  std::uint16_t id = 0;
  bool edns = true;
  std::uint16_t udpPayloadSize = defaultUdpSize;  // octets that it offers to take, with EDNS
  // With EDNS: 8 octets of the client, and those that this server has given before, where it has (RFC 7873 section
  // 5.1); borrowed. Empty: no cookie. A server that has given some before is expected to answer with a cookie.
  ByteSpan cookie{};
  // Where it is not 0 the case of the name's letters follows from it, and a reply has to have the same: bits that
  // someone who has not seen the query has to guess as well.
  std::uint64_t caseSeed = 0;
};

inline constexpr std::size_t maxUpstreamQuerySize = 12 + maxNameSize + 4 + 11 + 4 + 20 + 4 + 40;  // octets

// Writes the query, and returns its size. Where recursion is desired it has RD, and AD to learn whether the server has
// validated (RFC 6840 section 5.7). With EDNS it has DO, so that one reply serves clients with and without DO.
std::size_t writeUpstreamQuery(const UpstreamQuestion& question, const UpstreamQuery& query, MutableByteSpan buffer);

// What a message is to a query, and what its header and its OPT record say.
struct UpstreamReplyHead {
  enum class Kind : std::uint8_t {
    mismatched,  // no reply to this query: late, or forged by guessing
    unproven,    // a reply, but without the case or the cookie that the server's own would have
    truncated,   // TC: to be asked again over TCP; nothing more was read
    malformed,   // a reply whose records do not add up to what it announces, or that has a second OPT
    matched,     // any RCODE
  };

  Kind kind = Kind::mismatched;
  Rcode rcode{};
  bool edns = false;  // it has an OPT record
  // The cookie in its OPT record: where its octets are in the message, and how many; 0 where it has none, or where the
  // query had none.
  std::uint16_t cookieOffset = 0;
  std::uint16_t cookieSize = 0;
  // How many bits of the question's client subnet the reply is for; 0 also where the server has sent no such option
  // (RFC 7871 section 7.3).
  std::uint8_t subnetScope = 0;
};

UpstreamReplyHead matchUpstreamReply(const UpstreamQuestion& question, const UpstreamQuery& query, ByteSpan message);

// Gives the question of a reply that matches, and with it every name that is compressed against it, the letters that
// the question has.
void restoreCase(const UpstreamQuestion& question, MutableByteSpan message);

}  // namespace taut
