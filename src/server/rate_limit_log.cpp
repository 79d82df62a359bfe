#include "rate_limit_log.hpp"

#include <algorithm>
#include <chrono>

#include "taut/base/log.hpp"

namespace taut {

namespace {

constexpr std::chrono::seconds quiet{60};     // after which it is over
constexpr std::chrono::seconds interval{10};  // between two looks

}  // namespace

void RateLimitLog::limited(const Query& query, bool truncated) {
  Network* const network = follow(query);
  if (!network) return;
  network->last = std::max(network->last, query.received());
  ++(truncated ? network->truncated : network->dropped);
}

RateLimitLog::Network* RateLimitLog::follow(const Query& query) {
  const ClientNetwork network(query.peer());
  const auto end = networks_.begin() + count_;
  const auto known = std::find_if(networks_.begin(), end, [&](const Network& n) { return n.network == network; });
  if (known != end) return known;
  if (count_ == networks_.size()) {
    if (others_++ == 0) log::warning("rate limit: responses to further networks are limited, which are not logged");
    return nullptr;
  }
  *end = {network, query.received(), query.received()};
  ++count_;
  if (due_ == TimePoint::max()) due_ = query.received() + interval;
  log::warning("rate limit: responses to {} are limited, first to a query for {} {}", network.toString(), query.name(),
               query.type());
  return end;
}

void RateLimitLog::update(TimePoint now) {
  for (std::size_t i = count_; i-- > 0;) {
    if (now - networks_[i].last < quiet) continue;
    end(networks_[i]);
    networks_[i] = networks_[--count_];
  }
  if (others_ > 0 && count_ < networks_.size()) {
    log::warning("rate limit: {} responses to networks that are not logged were limited", others_);
    others_ = 0;
  }
  due_ = count_ > 0 ? now + interval : TimePoint::max();
}

void RateLimitLog::end(const Network& network) const {
  const auto lasted = std::chrono::duration_cast<std::chrono::seconds>(network.last - network.first);
  log::warning("rate limit: responses to {} are not limited any more; in {} s, {} were dropped and {} truncated",
               network.network.toString(), lasted.count(), network.dropped, network.truncated);
}

}  // namespace taut
