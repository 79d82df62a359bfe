// A fetch looks for one name and type at the servers of the Internet. Whoever needs the same meanwhile waits for it
// too, so that one question leaves where many came (RFC 5452 section 5).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "flight_quota.hpp"
#include "link.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/local_ref.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/event.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/dnssec/crypto_budget.hpp"
#include "taut/recursor/budget.hpp"
#include "taut/recursor/resolution_trace.hpp"

namespace taut {

// All the work for one question of a client, however many fetches it takes. It lives as long as the last of them.
class Work : public LocalCounted {
 public:
  Work(TimePoint now, Duration time, ResolutionTrace* told) : budget(now, time), trace(told) {}

  Budget budget;
  CryptoBudget crypto;
  ResolutionTrace* const trace;                                     // null where nobody wants to know
  std::chrono::microseconds cryptoAtYield = CryptoBudget::maxTime;  // what was left when others were last served
};

class Fetch : public LocalCounted {
 public:
  // For a client's question.
  Fetch(const LocalRef<Work>& forWork, NameView asked, Type askedType)
      : name(asked), type(askedType), work(forWork), budget(forWork->budget) {}
  // For what another fetch needs.
  Fetch(Fetch& parent, Budget::Purpose purpose, NameView asked, Type askedType)
      : name(asked), type(askedType), work(parent.work), neededBy(&parent), budget(parent.budget, purpose) {}

  const Name name;
  const Type type;
  const LocalRef<Work> work;
  const LocalRef<Fetch> neededBy;  // null for a client
  FetchBudget budget;
  StopToken stop{};
  FlightQuota::Place* place = nullptr;  // while it is under way
  Event done;
  LocalRef<const Link> link{};    // once it is done; null where it was stopped
  std::vector<Fetch*> awaited{};  // that this one waits for

  void note(TimePoint now, std::string step) const {
    if (work->trace) work->trace->note(now, budget.depth(), std::move(step));
  }
  bool isTraced() const { return work->trace != nullptr; }
  // Whether it waits for the other one, directly or not, so that to wait for it would take for ever. Where that takes
  // many steps to find out, it is taken to be so.
  bool waitsFor(const Fetch& other) const {
    unsigned steps = 0;
    return waitsFor(other, steps);
  }

  std::size_t clients = 0;  // that wait for it

 private:
  static constexpr unsigned maxSteps = 256;
  bool waitsFor(const Fetch& other, unsigned& steps) const {
    if (this == &other || ++steps > maxSteps) return true;
    return std::ranges::any_of(awaited, [&](const Fetch* next) { return next->waitsFor(other, steps); });
  }
};

// That a fetch waits for another one, while it does.
class Awaiting {
 public:
  Awaiting(Fetch& waiting, Fetch& awaited) : waiting_(waiting), awaited_(awaited) {
    waiting_.awaited.push_back(&awaited);
  }
  Awaiting(const Awaiting&) = delete;
  Awaiting& operator=(const Awaiting&) = delete;
  ~Awaiting() { waiting_.awaited.erase(std::ranges::find(waiting_.awaited, &awaited_)); }

 private:
  Fetch& waiting_;
  Fetch& awaited_;
};

}  // namespace taut
