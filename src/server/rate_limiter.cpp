#include "taut/server/rate_limiter.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <stdexcept>

#include "client_network.hpp"
#include "rate_limit_log.hpp"

namespace taut {

namespace {

constexpr std::uint64_t second = 1'000'000'000;  // nanoseconds

bool isError(Rcode rcode) {
  return rcode != Rcode::NOERROR && rcode != Rcode::NXDOMAIN;
}

std::uint64_t nanoseconds(TimePoint time) {
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(time.time_since_epoch()).count());
}

void requireRange(std::uint32_t value, std::uint32_t minimum, std::uint32_t maximum, const char* message) {
  if (value < minimum || value > maximum) throw std::invalid_argument(message);
}

}  // namespace

RateLimiter::RateLimiter(const RateLimit& limit) : slip_(limit.slip), exempt_(limit.exempt) {
  requireRange(limit.responsesPerSecond, 1, 1'000'000, "responses per second: expected 1 to 1000000");
  requireRange(limit.window, 1, 3600, "window of the rate limit: expected 1 to 3600 seconds");
  requireRange(limit.slip, 0, 10, "slip of the rate limit: expected 0 to 10");
  interval_ = second / limit.responsesPerSecond;
  maxAhead_ = second * (1 + limit.window);
  buckets_.resize(std::bit_floor(std::max<std::size_t>(1, limit.tableSize / sizeof(Bucket))));
  log_ = std::make_unique<RateLimitLog>();
}

RateLimiter::~RateLimiter() = default;

RateLimiter::Verdict RateLimiter::account(const Query& query, const Answer& answer) {
  if (query.received() >= log_->due()) log_->update(query.received());
  Account& account = find(keyOf(query, answer));
  const std::uint64_t now = nanoseconds(query.received());
  // The second bound counts after a flood, and where the clock went back.
  account.fullAt = std::min(std::max(account.fullAt, now) + interval_, now + maxAhead_);
  if (account.fullAt <= now + second) {
    account.limited = 0;
    return Verdict::send;
  }
  if (exempt_.allows(query.peer())) return Verdict::send;
  return limit(account, query);
}

// One in `slip_` is truncated, and the first is among them, so that a client that has just met its limit learns of TCP
// at once.
RateLimiter::Verdict RateLimiter::limit(Account& account, const Query& query) {
  const bool truncated = slip_ != 0 && account.limited == 0;
  if (++account.limited >= slip_) account.limited = 0;
  log_->limited(query, truncated);
  return truncated ? Verdict::truncate : Verdict::drop;
}

// The first RRset tells the kind of response: it is an answer, a referral's NS, or the SOA of a negative answer.
std::uint64_t RateLimiter::keyOf(const Query& query, const Answer& answer) const {
  auto what = static_cast<std::uint64_t>(isError(answer.rcode()) ? Rcode::SERVFAIL : answer.rcode());
  NameView name;
  if (answer.entryCount() > 0 && !isError(answer.rcode())) {
    const Answer::Entry& first = answer.entry(0);
    what = what << 32 | static_cast<std::uint64_t>(first.section) << 16 | static_cast<std::uint64_t>(first.rrset.type);
    name = answer.sourceOfSynthesis().isRoot() ? first.rrset.owner : answer.sourceOfSynthesis();
  }
  const std::uint64_t network = ClientNetwork(query.peer()).number();
  return detail::secretHash(secret_, name, detail::foldedProduct(network ^ secret_.second, what ^ secret_.first));
}

RateLimiter::Account& RateLimiter::find(std::uint64_t key) {
  // The tag is the lower half, so places come from the upper one.
  Bucket& bucket = buckets_[key >> 32 & (buckets_.size() - 1)];
  const auto tag = static_cast<std::uint32_t>(key);
  Account* least = bucket.accounts.data();
  for (Account& account : bucket.accounts) {
    if (account.tag == tag) return account;
    if (account.fullAt < least->fullAt) least = &account;
  }
  *least = Account();
  least->tag = tag;
  return *least;
}

}  // namespace taut
