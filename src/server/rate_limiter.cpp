#include "taut/server/rate_limiter.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>

#include "client_network.hpp"
#include "rate_limit_log.hpp"
#include "taut/server/zone_rates.hpp"

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

RateLimiter::RateLimiter(const RateLimit& limit)
    : price_(priceOf({limit.responsesPerSecond, limit.allPerSecond})),
      zones_(limit.zones),
      isDivided_(!limit.networks.empty() || limit.zones),
      slip_(limit.slip),
      exempt_(limit.exempt),
      accounts_(limit.accounts) {
  requireRange(limit.responsesPerSecond, isDivided_ ? 0 : 1, 1'000'000, "responses per second: expected 1 to 1000000");
  requireRange(limit.allPerSecond, 0, 1'000'000, "all responses per second: expected 0 to 1000000");
  requireRange(limit.window, 1, 3600, "window of the rate limit: expected 1 to 3600 seconds");
  requireRange(limit.slip, 0, 10, "slip of the rate limit: expected 0 to 10");
  for (const RateLimit::NetworkRate& network : limit.networks)
    networks_.push_back({network.networks, priceOf(network.rate)});
  maxAhead_ = second * (1 + limit.window);
  if (!accounts_) accounts_ = std::make_shared<RateLimitTable>();
  log_ = std::make_unique<RateLimitLog>();
}

RateLimiter::~RateLimiter() = default;

RateLimiter::Verdict RateLimiter::account(const Query& query, const Answer& answer) {
  if (query.received() >= log_->due()) log_->update(query.received());
  Account* const account = inDebt(query, answer);
  if (!account || exempt_.allows(query.peer())) return Verdict::send;
  return limit(*account, query);
}

RateLimiter::Price RateLimiter::priceOf(ResponseRate rate) {
  const auto of = [](std::uint32_t perSecond) { return perSecond > 0 ? second / perSecond : 0; };
  return {of(rate.ofKind), of(rate.all)};
}

// Where some networks or zones have prices of their own.
RateLimiter::Price RateLimiter::priceOf(const Query& query, const Answer& answer) const {
  const NetworkPrice* found = nullptr;
  std::uint8_t longest = 0;
  for (const NetworkPrice& network : networks_) {
    const auto bits = network.networks.longestMatch(query.peer());
    if (!bits || (found && *bits <= longest)) continue;
    found = &network;
    longest = *bits;
  }
  if (found) return found->price;
  const auto zone = zones_ && !isError(answer.rcode()) ? answer.source().zone() : std::nullopt;
  const ResponseRate* const ofZone = zone ? zones_->find(*zone) : nullptr;
  return ofZone ? priceOf(*ofZone) : price_;
}

// Has the accounts pay for the response. The one that has too little; null where both had enough.
RateLimiter::Account* RateLimiter::inDebt(const Query& query, const Answer& answer) {
  const std::uint64_t now = nanoseconds(query.received());
  const Price price = isDivided_ ? priceOf(query, answer) : price_;
  if (price.ofKind != 0) [[likely]] {
    Account& ofKind = accounts_->find(keyOf(query, answer));
    if (!pay(ofKind, price.ofKind, now)) return &ofKind;
  }
  if (price.all == 0) return nullptr;
  Account& ofAll = accounts_->find(keyOfAll(query));
  return pay(ofAll, price.all, now) ? nullptr : &ofAll;
}

// Whether the account had enough. It pays in any case.
bool RateLimiter::pay(Account& account, std::uint64_t interval, std::uint64_t now) const {
  std::uint64_t before = account.fullAt.load(std::memory_order_relaxed);
  std::uint64_t after = 0;
  do {
    // The second bound counts after a flood, and where the clock went back.
    after = std::min(std::max(before, now) + interval, now + maxAhead_);
  } while (!account.fullAt.compare_exchange_weak(before, after, std::memory_order_relaxed));
  if (after > now + second) return false;
  account.limited.store(0, std::memory_order_relaxed);
  return true;
}

// One in `slip_` is truncated, and the first is among them, so that a client that has just met its limit learns of TCP
// at once.
RateLimiter::Verdict RateLimiter::limit(Account& account, const Query& query) {
  const std::uint32_t before = account.limited.fetch_add(1, std::memory_order_relaxed);
  const bool truncated = slip_ != 0 && before % slip_ == 0;
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
  const detail::HashSecret& secret = accounts_->secret();
  const std::uint64_t network = ClientNetwork(query.peer()).number();
  return detail::secretHash(secret, name, detail::foldedProduct(network ^ secret.second, what ^ secret.first));
}

// No kind of response has this number.
std::uint64_t RateLimiter::keyOfAll(const Query& query) const {
  constexpr std::uint64_t all = UINT64_MAX;
  const detail::HashSecret& secret = accounts_->secret();
  const std::uint64_t network = ClientNetwork(query.peer()).number();
  return detail::secretHash(secret, NameView(), detail::foldedProduct(network ^ secret.second, all ^ secret.first));
}

}  // namespace taut
