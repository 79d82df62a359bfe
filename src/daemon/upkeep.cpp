#include "upkeep.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/base/signals_blocked.hpp"
#include "taut/dns/tsig_key.hpp"
#include "taut/io/handover.hpp"

namespace taut {

namespace {

constexpr std::chrono::seconds countInterval{1};

// Updates that wait at a time, of which each has at most 64 KiB.
constexpr std::size_t maxUpdates = 1024;
constexpr std::size_t maxUpdatesOfClient = 256;  // of one address

// The RCODE of an update, which the thread gives to a shard.
struct UpdateReply : Handover {
  using Handover::Handover;

  Rcode rcode = Rcode::SERVFAIL;
};

std::string senderOf(const Query& query) {
  return query.key() ? fmt::format("{}, key {}", query.peer(), query.key()->name) : query.peer().toText();
}

ShardOptions shardOptions(EngineKind engine) {
  ShardOptions options;
  options.engine.kind = engine;
  options.engine.submissionEntries = 64;
  options.engine.completionEntries = 1024;
  return options;
}

bool isSameKey(const std::shared_ptr<const TsigKey>& left, const std::shared_ptr<const TsigKey>& right) {
  if (!left || !right) return left == right;
  return left->name == right->name && left->algorithm == right->algorithm && left->secret == right->secret;
}

bool areSameOptions(const PrimaryOptions& left, const PrimaryOptions& right) {
  return left.addresses == right.addresses && isSameKey(left.key, right.key);
}

std::chrono::seconds secondsOf(Duration duration) {
  return std::chrono::round<std::chrono::seconds>(duration);
}

}  // namespace

Upkeep::Upkeep(EngineKind engine, ZoneArchive* archive, Publish publish)
    : archive_(archive),
      publish_(std::move(publish)),
      shard_(shardOptions(engine)),
      updates_(std::make_shared<TransferQuota>(maxUpdates, maxUpdatesOfClient)) {}

Upkeep::~Upkeep() {
  stop();
}

void Upkeep::stop() {
  isStopped_ = true;
  if (thread_.joinable()) {
    shard_.post([this] { services_.stop(); });
    thread_.join();
  }
  files_.stop();
}

void Upkeep::run(const std::function<void()>& takeFirst) noexcept {
  try {
    work_ = makeWork();
    shard_.run(serve(takeFirst));
  } catch (const std::exception& error) {
    log::error("secondary zones are not kept up to date any more: {}", reasonOf(error));
  }
  work_.reset();
  zones_.clear();
  settings_.clear();
  primaries_.clear();
}

// Without the state, zones are served and kept up to date all the same.
std::unique_ptr<Upkeep::Work> Upkeep::makeWork() {
  const auto take = [this](const ZoneVersion& version) { publish(version); };
  const auto keep = [this](const ZoneVersion& version, ZoneArchive::Done done) {
    archive_->keep(version, std::move(done));
  };
  RefreshOptions options;
  if (archive_) options.stateFile = archive_->folder() + "/zones.state";
  try {
    return std::make_unique<Work>(shard_, options, take, keep, publish_);
  } catch (const std::runtime_error& error) {
    log::error("{}; what is known of secondary zones is not kept for the next start", error.what());
  }
  return std::make_unique<Work>(shard_, RefreshOptions(), take, keep, publish_);
}

// Updates and notifications may have come already, with the first questions: they wait for the zones that they are
// about.
Task<> Upkeep::serve(const std::function<void()>& takeFirst) {
  services_.spawn(work_->scheduler.run(), services_.token());
  services_.spawn(work_->notifier.run(), services_.token());
  takeFirst();
  co_await services_.join();
  co_await work_->updater.join();
}

std::shared_ptr<const UpkeepPlan> Upkeep::plan() const {
  const std::lock_guard lock(planMutex_);
  return plan_;
}

void Upkeep::replace(std::shared_ptr<const UpkeepPlan> plan, std::shared_ptr<const ZoneSet> zones) {
  {
    const std::lock_guard lock(planMutex_);
    plan_ = plan;
  }
  const bool isFirst = !thread_.joinable();
  if (plan->empty() && isFirst) return;
  auto taking = [this, plan, zones = std::move(zones)] { take(*plan, *zones); };
  if (!isFirst) return shard_.post(std::move(taking));
  const SignalsBlocked blocked;
  thread_ = std::thread([this, taking = std::move(taking)] { run(taking); });
}

void Upkeep::take(const UpkeepPlan& plan, const ZoneSet& zones) {
  std::erase_if(zones_, [&](const auto& kept) {
    const UpkeepPlan::Zone* const next = plan.find(kept.first);
    if (kept.second.settings && (!next || !next->primaries)) work_->scheduler.remove(kept.first);
    if (!next) forget(kept.first, kept.second);
    if (!next || !next->isUpdated()) work_->updater.remove(kept.first);
    return next == nullptr;
  });
  for (const auto& [origin, zone] : plan.zones()) {
    try {
      takeZone(origin, zone, zones);
    } catch (const std::exception& error) {
      log::error("zone {} is not kept up to date: {}", origin, reasonOf(error));
    }
  }
  std::erase_if(settings_, [](const auto& settings) { return settings.second.expired(); });
  std::erase_if(primaries_, [](const auto& primary) { return primary.second.expired(); });
  const std::lock_guard lock(countsMutex_);
  countAgain_.reset();
}

void Upkeep::takeZone(const Name& origin, const UpkeepPlan::Zone& zone, const ZoneSet& zones) {
  Kept& kept = zones_[origin];
  kept.targets = zone.targets;
  kept.file = zone.file;
  if (!zone.isKept) forget(origin, kept);
  auto version = zones.get(origin);
  if (!version) version = Zone::notLoaded(origin);
  keep(kept, zone, version);
  if (zone.isUpdated()) work_->updater.add(origin, version, zone.serial);
  if (!zone.primaries) {
    kept.settings = nullptr;
    return;
  }
  auto settings = settingsFor(*zone.primaries);
  if (settings == kept.settings) return;
  work_->scheduler.add(settings, std::move(version));
  kept.settings = std::move(settings);
}

// From now on, beginning with what is served.
void Upkeep::keep(Kept& kept, const UpkeepPlan::Zone& zone, const std::shared_ptr<const Zone>& version) {
  const bool wasKept = std::exchange(kept.isKept, zone.isKept);
  if (archive_ && kept.isKept && !wasKept && version->isLoaded()) archive_->ensure(version);
}

// Of a zone that is no more, or is not to be kept any more. Only a secondary zone comes again from elsewhere.
void Upkeep::forget(const Name& origin, const Kept& kept) {
  if (kept.isKept && kept.settings && archive_) archive_->forget(origin);
}

std::shared_ptr<const SecondarySettings> Upkeep::settingsFor(const UpkeepPlan::Servers& servers) {
  auto made = std::make_shared<SecondarySettings>();
  std::vector<const Primary*> key;
  for (const PrimaryOptions& server : servers) {
    made->primaries.push_back(primaryFor(server));
    key.push_back(made->primaries.back().get());
  }
  auto& known = settings_[key];
  if (auto settings = known.lock()) return settings;
  known = made;
  return made;
}

// One object for each server, so that what it is asked for all zones is bounded together.
std::shared_ptr<Primary> Upkeep::primaryFor(const PrimaryOptions& options) {
  const auto isIt = [&](const auto& known) { return areSameOptions(known.first, options) && !known.second.expired(); };
  if (const auto found = std::ranges::find_if(primaries_, isIt); found != primaries_.end()) return found->second.lock();
  auto primary = std::make_shared<Primary>(shard_, options);
  primaries_.emplace_back(options, primary);
  return primary;
}

void Upkeep::publish(const ZoneVersion& version) {
  const auto found = zones_.find(version.zone->origin());
  if (found != zones_.end() && found->second.isKept && archive_) archive_->keep(version);
  publish_({version.zone, version.differences, version.isSettled}, {});  // what is answered has been given to keep
  if (!version.zone->isLoaded() || version.isSettled) return;
  ++received_;
  if (found != zones_.end() && !found->second.file.empty()) files_.write(found->second.file, version.zone);
}

Task<Rcode> Upkeep::update(std::shared_ptr<const UpkeepPlan> plan, Shard& shard, const Query& query,
                           ServedZone served) {
  const Name origin = query.name();
  const UpkeepPlan::Zone* const zone = served.view.empty() ? plan->find(origin) : nullptr;
  if (!zone || !zone->updates || query.rrClass() != Class::IN) co_return Rcode::REFUSED;
  UpdateGrant grant(zone->updates, query);
  if (grant.isEmpty()) co_return Rcode::REFUSED;
  const TransferQuota::Place place = updates_->take(query.peer());
  const ByteSpan message = query.message();
  if (!place || message.empty() || isStopped_) co_return Rcode::SERVFAIL;
  const auto reply = std::make_shared<UpdateReply>(shard);
  const auto done = [reply](Rcode rcode) {
    reply->rcode = rcode;
    Handover::finish(reply);
  };
  auto key = query.key() ? std::make_shared<const TsigKey>(*query.key()) : nullptr;
  const auto order = std::make_shared<UpdateOrder>(UpdateOrder{{message.begin(), message.end()},
                                                               std::move(grant),
                                                               senderOf(query),
                                                               std::move(key),
                                                               std::move(served.zone),
                                                               done});
  shard_.post([this, origin, order] { carryOut(origin, std::move(*order)); });
  const bool isDone = co_await reply->wait();
  reply->abandon();
  co_return isDone ? reply->rcode : Rcode::SERVFAIL;
}

// A secondary zone's updates are for its primary (RFC 2136 section 6).
void Upkeep::carryOut(const Name& origin, UpdateOrder order) {
  const auto found = zones_.find(origin);
  if (found == zones_.end() || !found->second.settings) return work_->updater.update(origin, std::move(order));
  services_.spawn(forward(found->second.settings, origin, std::move(order)), services_.token());
}

Task<> Upkeep::forward(std::shared_ptr<const SecondarySettings> settings, Name origin, UpdateOrder order) {
  Rcode rcode = Rcode::SERVFAIL;
  for (const auto& primary : settings->primaries) {
    const ByteSpan message(order.message);
    const TsigKey* const key = order.key.get();
    const auto reply = co_await primary->forward(message, key);
    if (reply) {
      rcode = *reply;
      log::info("zone {}: update from {}: {} answers {}", origin, order.sender, primary->address(), toString(rcode));
      break;
    }
    log::warning("zone {}: update from {}: {}", origin, order.sender, reply.error().reason);
    if (reply.error().kind != PrimaryFailure::Kind::unreachable) break;
  }
  order.done(rcode);
}

void Upkeep::filesChanged(std::vector<std::shared_ptr<const Zone>> versions) {
  if (versions.empty()) return;
  shard_.post([this, versions = std::move(versions)] {
    for (const auto& version : versions) work_->updater.replaceByFile(version);
  });
}

NotifyVerdict Upkeep::notified(const UpkeepPlan& plan, const Notification& notification) {
  const NotifyVerdict verdict = plan.verdictOn(notification);
  if (verdict != NotifyVerdict::accepted) return verdict;
  const auto& pending = plan.find(notification.zone)->pending;
  if (!pending->add()) return verdict;
  try {
    shard_.post([this, pending, zone = notification.zone, rrClass = notification.rrClass,
                 from = notification.query->peer(), serial = notification.serial] {
      const bool isAlone = pending->take();
      work_->scheduler.notify(zone, rrClass, from, isAlone ? serial : std::nullopt);
    });
  } catch (...) {
    pending->take();
    throw;
  }
  return verdict;
}

void Upkeep::changed(std::vector<std::shared_ptr<const Zone>> versions) {
  const auto current = plan();
  std::erase_if(versions, [&](const auto& version) {
    const UpkeepPlan::Zone* const zone = current->find(version->origin());
    return !zone || !zone->targets;
  });
  if (versions.empty()) return;
  shard_.post([this, versions = std::move(versions)] {
    for (const auto& version : versions) tell(*version);
  });
}

void Upkeep::tell(const Zone& version) {
  const auto found = zones_.find(version.origin());
  if (found != zones_.end() && found->second.targets) work_->notifier.notify(version, *found->second.targets);
}

bool Upkeep::refresh(const Name& origin, bool whole) {
  const auto current = plan();
  const UpkeepPlan::Zone* const zone = current->find(origin);
  if (!zone || !zone->primaries) return false;
  shard_.post([this, origin, whole] { work_->scheduler.refresh(origin, Class::IN, whole); });
  return true;
}

bool Upkeep::notify(std::shared_ptr<const Zone> version) {
  const auto current = plan();
  const UpkeepPlan::Zone* const zone = current->find(version->origin());
  if (!zone || !zone->targets) return false;
  shard_.post([this, version = std::move(version)] { tell(*version); });
  return true;
}

bool Upkeep::flush(std::shared_ptr<const Zone> version, ZoneFiles::Done done) {
  const auto current = plan();
  const UpkeepPlan::Zone* const zone = current->find(version->origin());
  if (!zone) return false;
  const std::string& file = zone->file.empty() ? zone->masterFile : zone->file;
  if (file.empty()) return false;
  files_.write(file, std::move(version), std::move(done));
  return true;
}

// After the plan that has them no more. What has been asked for before is done before.
void Upkeep::discard(std::vector<Discarded> zones, std::function<void()> done) {
  if (zones.empty()) {
    if (done) done();
    return;
  }
  shard_.post([this, zones = std::move(zones), done = std::move(done)] {
    const auto left = std::make_shared<std::atomic<std::size_t>>(2 * zones.size());
    const auto isDone = [left, done] {
      if (left->fetch_sub(1) == 1 && done) done();
    };
    for (const Discarded& zone : zones) {
      if (zone.file.empty())
        isDone();
      else
        files_.remove(zone.file, [isDone](const std::string&) { isDone(); });
      if (archive_)
        archive_->forget(zone.origin, isDone);
      else
        isDone();
    }
  });
}

void Upkeep::describe(const Name& origin, std::function<void(std::optional<SecondaryStatus>)> done) {
  const auto current = plan();
  const UpkeepPlan::Zone* const zone = current->find(origin);
  if (!zone) return done(std::nullopt);
  shard_.post([this, origin, done = std::move(done)] { done(describe(origin)); });
}

std::optional<SecondaryStatus> Upkeep::describe(const Name& origin) const {
  const auto found = zones_.find(origin);
  if (found == zones_.end()) return std::nullopt;
  SecondaryStatus status;
  status.file = found->second.file;
  status.notices = work_->notifier.pendingOf(origin);
  status.updates = work_->updater.updatesOf(origin);
  const ZoneKeeper* const keeper = work_->scheduler.find(origin);
  if (!keeper) return status;
  const TimePoint now = shard_.now();
  status.isSecondary = true;
  for (const auto& primary : keeper->settings().primaries) status.primaries.push_back(primary->address().toText());
  if (!keeper->lastPrimary().empty()) status.lastPrimary = keeper->lastPrimary().toText();
  if (const auto checked = keeper->checked()) status.checked = secondsOf(now - *checked);
  if (const auto expires = keeper->expires()) status.expires = secondsOf(*expires - now);
  status.isChecked = keeper->isInRound();
  if (!status.isChecked) status.next = std::max(secondsOf(keeper->due() - now), std::chrono::seconds(0));
  status.hasExpired = keeper->hasExpired();
  status.failures = keeper->failures();
  return status;
}

SecondaryCounts Upkeep::counts() {
  const std::lock_guard lock(countsMutex_);
  const TimePoint now = shard_.clock().now();
  if (plan()->empty()) return {.received = counts_.received, .failed = counts_.failed};
  if (!countAgain_ || now >= *countAgain_) {
    countAgain_ = now + countInterval;
    shard_.post([this] { count(); });
  }
  return counts_;
}

void Upkeep::count() {
  SecondaryCounts counts;
  for (const auto& [origin, kept] : zones_) {
    const ZoneKeeper* const keeper = kept.settings ? work_->scheduler.find(origin) : nullptr;
    if (!keeper) continue;
    if (keeper->hasExpired())
      ++counts.expired;
    else if (!keeper->version()->isLoaded())
      ++counts.missing;
    else
      ++(keeper->failures() > 0 ? counts.failing : counts.upToDate);
  }
  counts.transfers = work_->scheduler.transfers();
  counts.received = received_.value();
  counts.failed = work_->scheduler.failedTransfers();
  counts.notices = work_->notifier.pending();
  const std::lock_guard lock(countsMutex_);
  counts_ = counts;
}

}  // namespace taut
