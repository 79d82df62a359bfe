// What became of a message that came in: told once for each, whatever happened to it (`ServerFactory::setOnReply`).
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/clock.hpp"
#include "taut/dns/answer_source.hpp"
#include "taut/dns/client.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/type.hpp"
#include "taut/server/server_counters.hpp"

namespace taut {

// Valid during the call that it is told by. What the kernel does with a reply that was handed to it is not told.
struct MessageEnd {
  static constexpr std::string_view givenUp = "given-up";
  static constexpr std::string_view limited = "truncated";
  static constexpr std::string_view wroteMessages = "messages";

  // Null where the message holds no query, or where it is not known for which client it is.
  const Query* query = nullptr;
  Address client{};
  Transport transport = Transport::udp;
  // The reply as it leaves; empty where the server made none.
  ByteSpan reply{};
  std::optional<Rcode> rcode{};         // of the reply: of four bits for a client without EDNS
  std::optional<DropReason> dropped{};  // why there is no reply
  std::size_t messages = 0;             // that its handler wrote itself, as for a transfer, in the place of a reply
  AnswerSource source{};                // of the reply; else who decided that there is none
  Duration duration{};                  // by the exact clock, since the turn of the loop in which the message was read
  // Empty for a reply to which there is nothing to add; else `given-up`, where the handler took too long; `truncated`,
  // by the rate limit; `messages`; or the reason for which there is no reply: `unparsable`, `proxy`, `acl`,
  // `rate-limit`, `handler`, `memory`.
  std::string_view outcome{};

  std::size_t size() const { return reply.size(); }  // octets
  // The reply's header has TC.
  bool truncated() const { return reply.size() > 2 && (reply[2] & (flag::TC >> 8)) != 0; }
};

}  // namespace taut
