#include "recursor_upkeep.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "taut/base/log.hpp"
#include "taut/io/sleep.hpp"

namespace taut::detail {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds leastPrimingInterval{60};
constexpr std::size_t cacheOfCheck = std::size_t{1} << 20;  // octets, while a zone is looked at

// Asks by the transport of another recursor.
class BorrowedTransport final : public ServerTransport {
 public:
  explicit BorrowedTransport(ServerTransport& lender) : lender_(lender) {}

  Task<ServerReply> ask(const UpstreamQuestion& question, const ExchangeServer& server, FetchBudget& budget,
                        StopToken stop) override {
    return lender_.ask(question, server, budget, stop);
  }

 private:
  ServerTransport& lender_;
};

RecursorOptions optionsOfCheck(const Recursion& recursion) {
  RecursorOptions options = recursion.options;
  options.anchors = recursion.anchors;
  options.cacheBytes = cacheOfCheck;
  options.plainIteration = true;
  options.peers = nullptr;
  return options;
}

}  // namespace

void RecursorUpkeep::start(TaskScope& work) {
  if (!core_.recursion.options.plainIteration) work.spawn(keepRoot(work.token()), work.token());
  if (core_.isFirst()) work.spawn(checkExceptions(work.token()), work.token());
}

// ---- the root

Task<> RecursorUpkeep::keepRoot(StopToken stop) {
  while (!stop.stopRequested()) {
    const bool primed = co_await core_.recursion.primed.wait(stop);
    if (!primed) break;
    core_.recursion.primed.reset();
    co_await keepRootWhileKnown(stop);
  }
}

// Ends when the root is not known any more: it was flushed, or its servers have not answered. Who asks next primes it.
Task<> RecursorUpkeep::keepRootWhileKnown(StopToken stop) {
  Recursion& recursion = core_.recursion;
  const Name root;
  while (const auto end = endOfRoot()) {
    const Duration wait = std::max<Duration>((*end - recursion.now()) / 5 * 4, leastPrimingInterval);
    const bool slept = co_await sleepFor(recursion.shard, wait, stop);
    if (!slept) co_return;
    if (endOfRoot() != end) continue;
    const auto work = makeLocalRef<Work>(recursion.now(), recursion.options.deadline, nullptr);
    co_await core_.iterator.fetches().get(work, root, Type::NS, true, stop);
  }
}

std::optional<TimePoint> RecursorUpkeep::endOfRoot() const {
  const auto root = core_.recursion.delegations.find(Name(), core_.recursion.now());
  return root ? std::optional(root->expiry()) : std::nullopt;
}

// ---- negative trust anchors

Task<> RecursorUpkeep::checkExceptions(StopToken stop) {
  while (!stop.stopRequested()) {
    const bool any = co_await core_.recursion.excepted.wait(stop);
    if (!any) break;
    core_.recursion.excepted.reset();
    while (!stop.stopRequested() && !passingExceptions().empty()) {
      const bool slept = co_await sleepFor(core_.recursion.shard, checkInterval, stop);
      if (slept) co_await checkPassingExceptions(stop);
    }
  }
}

Task<> RecursorUpkeep::checkPassingExceptions(StopToken stop) {
  const std::vector<Name> names = passingExceptions();
  for (const Name& name : names) {
    const Name zone = name;
    const bool good = co_await isGood(zone, stop);
    if (stop.stopRequested()) co_return;
    if (good) remove(zone);
  }
}

// Whether its SOA record can be had and validated, or is proven to need no signature.
Task<bool> RecursorUpkeep::isGood(Name zone, StopToken stop) {
  Recursion& recursion = core_.recursion;
  if (!recursion.validates()) co_return false;
  RecursorCore check(recursion.shard, optionsOfCheck(recursion),
                     std::make_unique<BorrowedTransport>(*recursion.transport));
  const auto work = makeLocalRef<Work>(recursion.now(), recursion.options.deadline, nullptr);
  auto link = co_await check.iterator.fetches().get(work, zone, Type::SOA, false, stop);
  const bool good = link && link->kind != Link::Kind::failure && !link->isBad();
  co_await check.iterator.fetches().close();
  recursion.counters.sends += check.recursion.counters.sends;
  recursion.counters.timeouts += check.recursion.counters.timeouts;
  co_return good;
}

std::vector<Name> RecursorUpkeep::passingExceptions() const {
  std::vector<Name> names;
  for (const NegativeTrustAnchors::Entry& entry : core_.recursion.exceptions.list(core_.recursion.now()))
    if (entry.end) names.push_back(entry.name);
  return names;
}

// The operator may have changed it while its zone was looked at.
void RecursorUpkeep::remove(NameView exception) {
  const std::vector<Name> names = passingExceptions();
  if (std::ranges::find(names, exception, &Name::view) == names.end()) return;
  core_.forEachPeer([name = Name(exception)](RecursorCore& core) { core.removeException(name); });
  log::info("{} is well without its negative trust anchor, which is removed", exception);
}

}  // namespace taut::detail
