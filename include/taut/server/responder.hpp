// Turns answers into replies: EDNS options, the limit on response rates, the size over UDP, and the octets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/base/clock.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/query.hpp"
#include "taut/server/edns_options.hpp"
#include "taut/server/rate_limiter.hpp"
#include "taut/server/server_counters.hpp"

namespace taut {

class Responder {
 public:
  // The counters of the shard outlive it.
  explicit Responder(ServerCounters& counters) : counters_(counters) {}

  // ServerFactory documents what each of these means to a user.
  const Clock& clock() const { return *clock_; }
  void setClock(const Clock& clock) { clock_ = &clock; }
  std::uint16_t udpPayloadSize() const { return udpPayloadSize_; }
  void setUdpPayloadSize(std::uint16_t octets);
  void setEdns(EdnsSettings settings);
  void setRRsetRoundRobin(bool on) { rrsetRoundRobin_ = on; }
  void setRateLimit(const std::optional<RateLimit>& limit) {
    rateLimiter_ = limit ? std::make_unique<RateLimiter>(*limit) : nullptr;
  }

  // Whether the query only asks for a server cookie, without a question (RFC 7873 section 5.4), and cookies are in use.
  bool isCookieRequest(const Query& query) const;
  // BADCOOKIE where the server cookie is wrong. The reply has a new one in either case.
  Answer answerCookieRequest(const Query& query) const;
  bool hasValidCookie(const Query& query) const;

  // Counts the response, and gives its verdict. Over a connection, and with a valid cookie, the client's address is not
  // forged.
  RateLimiter::Verdict limitRate(const Query& query, const Answer& answer);

  // Writes the reply, counts it, and returns its size. `recursionAvailable` is its RA bit.
  // A buffer without room for a header, as that of a channel that takes no more, is left alone: 0. Throws
  // std::logic_error for an answer that was moved from.
  std::size_t write(const Query& query, const Answer& answer, bool recursionAvailable, MutableByteSpan buffer);

  // The OPT record of a message that answers the query and is written by its handler, with what this answer would have
  // there. Empty for a query without OPT.
  std::vector<std::uint8_t> optOf(const Query& query, const Answer& answer) const;

 private:
  ServerCounters& counters_;
  const Clock* clock_ = &Clock::system();
  EdnsSettings edns_;
  std::unique_ptr<RateLimiter> rateLimiter_;  // null: no limit
  std::uint16_t udpPayloadSize_ = defaultUdpSize;
  bool rrsetRoundRobin_ = false;
};

}  // namespace taut
