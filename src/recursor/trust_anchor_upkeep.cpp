#include "taut/recursor/trust_anchor_upkeep.hpp"

#include <algorithm>
#include <chrono>
#include <system_error>

#include "recursor_core.hpp"
#include "taut/base/log.hpp"
#include "taut/io/offload.hpp"
#include "taut/io/sleep.hpp"

namespace taut {

namespace {

// The clock of the calendar may be set meanwhile, and goes on while the machine sleeps.
constexpr std::chrono::hours longestSleep{1};

}  // namespace

TrustAnchorState::Seconds TrustAnchorUpkeep::now() const {
  return std::chrono::floor<std::chrono::seconds>(shard_.clock().wallTime());
}

Task<> TrustAnchorUpkeep::run(StopToken stop) {
  while (!stop.stopRequested()) {
    const auto next = state_.next(now());
    if (!next) break;
    const std::chrono::seconds wait = std::min<std::chrono::seconds>(next->due - now(), longestSleep);
    if (wait > std::chrono::seconds(0))
      co_await sleepFor(shard_, wait, stop);
    else
      co_await ask(next->zone, stop);
  }
  co_await writing_.join();
}

Task<> TrustAnchorUpkeep::ask(Name zone, StopToken stop) {
  detail::RecursorCore& core = *recursor_.core_;
  const auto work = makeLocalRef<Work>(shard_.now(), core.recursion.options.deadline, nullptr);
  const auto link = co_await core.iterator.fetches().get(work, zone, Type::DNSKEY, true, stop);
  if (stop.stopRequested()) co_return;
  if (const CachedRRset* const keys = link ? link->find(Type::DNSKEY) : nullptr) {
    const TimePoint fetched = shard_.now();
    take(zone, state_.update(zone, keys->rrset(fetched), keys->signatures(fetched), core.recursion.options.algorithms,
                             now()));
  } else {
    log::warning("trust anchor of {}: the keys of the zone cannot be had", zone);
    state_.noteFailure(zone, now());
  }
  keep();
}

void TrustAnchorUpkeep::take(NameView zone, const TrustAnchorState::Outcome& outcome) {
  for (const TrustAnchorState::Change& change : outcome.changes) log::info("{}", change.toString());
  if (!outcome.isVerified) log::warning("trust anchor of {}: no key that is trusted has signed the zone's keys", zone);
  if (outcome.isOtherTrust) publish_(std::make_shared<const TrustAnchors>(state_.anchors()));
}

void TrustAnchorUpkeep::keep() {
  isKept_ = false;
  if (writing_.empty()) writing_.spawn(write());
}

// Has no token: what has changed is written though the server stops.
Task<> TrustAnchorUpkeep::write() {
  while (!isKept_) {
    isKept_ = true;
    auto call = [state = state_, path = path_] { return state.write(path); };
    try {
      const auto written = co_await offload(shard_, std::move(call));
      if (!written)
        log::error("{} is not written: too much waits to be done", path_);
      else if (!written->ok())
        log::error("{}", written->error());
    } catch (const std::system_error& error) {
      log::error("{} is not written: {}", path_, error.what());
    }
  }
}

}  // namespace taut
