#include "taut/resolver/dynamic_zone.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>

#include "dynamic_zone_state.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/zone/zone_builder.hpp"

namespace taut {

namespace {

constexpr std::chrono::seconds afterFailure{1};

const std::string& firstError(const ZoneBuild& build) {
  return std::ranges::find_if(build.diagnostics, &Diagnostic::isError)->message;
}

std::shared_ptr<const Zone> firstVersion(NameView origin, std::chrono::seconds ttl, const rdata::SOA& soa,
                                         const std::vector<rdata::NS>& nameServers) {
  ZoneBuilder builder{Name(origin)};
  builder.add(origin, ttl, soa);
  for (const rdata::NS& nameServer : nameServers) builder.add(origin, ttl, nameServer);
  ZoneChecks checks;
  checks.requireNsAddresses = false;  // they may be added
  ZoneBuild build = builder.build(checks);
  if (!build.zone) throw std::invalid_argument(firstError(build));
  return std::move(build.zone);
}

std::shared_ptr<const Zone> load(const ZoneSource& source) {
  ZoneLoad load = loadZone(source);
  if (!load.ok()) throw std::runtime_error(load.firstError());
  for (const Diagnostic& diagnostic : load.diagnostics) log::warning("{}", diagnostic.toString());
  return std::move(load.zone);
}

const Zone& notNull(const std::shared_ptr<const Zone>& zone) {
  if (!zone) throw std::invalid_argument("a zone that is to change is null");
  return *zone;
}

}  // namespace

DynamicZone::State::State(std::shared_ptr<const Zone> zone, Options options)
    : origin_(notNull(zone).origin()),
      options_(options),
      versions_(std::make_shared<detail::ZoneVersions>(zone)),
      records_(zone),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Result<std::uint64_t, std::string> DynamicZone::State::commit(const ZoneChange& change) {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto applied = records_.apply(change);
    if (!applied) return Failure(applied.error());
    if (*applied) ++committed_;
    number = committed_;
  }
  changed_.notify_one();
  return number;
}

std::uint64_t DynamicZone::State::lastChange() const {
  const std::lock_guard lock(mutex_);
  return committed_;
}

void DynamicZone::State::hurry(std::uint64_t change) {
  {
    const std::lock_guard lock(mutex_);
    hurried_ = std::max(hurried_, change);
  }
  changed_.notify_one();
}

void DynamicZone::State::end() {
  thread_ = {};  // stopped and joined
  versions_->end();
}

void DynamicZone::State::run(const std::stop_token& stop) {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [this] { return made_ < committed_; })) return;
      changed_.wait_until(lock, stop, next_, [this] { return made_ < hurried_; });
    }
    if (stop.stop_requested()) return;
    const Clock::time_point begin = Clock::now();
    bool made = false;
    try {
      made = makeVersion(stop);
    } catch (const std::exception& error) {
      log::error("zone {}: its changes cannot be published yet: {}", origin_, reasonOf(error));
    }
    const Clock::time_point end = Clock::now();
    const std::lock_guard lock(mutex_);
    next_ = std::max<Clock::time_point>(begin + options_.interval, end + (end - begin));
    if (made) continue;
    records_.giveUp();
    hurried_ = made_;
    next_ = end + afterFailure;
  }
}

// False where the zone ends before.
bool DynamicZone::State::makeVersion(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const std::uint64_t number = committed_;
  // What is frozen refers to the version before, which is to go with the last answer from it, and not later.
  std::optional<ZoneRecords::Frozen> frozen = records_.freeze();
  lock.unlock();
  const ZoneBuild build = frozen->build([&stop] { return !stop.stop_requested(); });
  frozen.reset();
  if (stop.stop_requested()) return false;
  if (!build.zone) throw std::logic_error(firstError(build));
  lock.lock();
  records_.adopt(build.zone);
  lock.unlock();
  versions_->publish(build.zone, number);
  lock.lock();
  made_ = number;
  return true;
}

DynamicZone::DynamicZone(std::shared_ptr<const Zone> zone, Options options)
    : state_(std::make_shared<State>(std::move(zone), options)) {}

DynamicZone::DynamicZone(std::shared_ptr<const Zone> zone) : DynamicZone(std::move(zone), Options()) {}

DynamicZone::DynamicZone(NameView origin, std::chrono::seconds ttl, const rdata::SOA& soa,
                         const std::vector<rdata::NS>& nameServers)
    : DynamicZone(firstVersion(origin, ttl, soa, nameServers)) {}

DynamicZone::DynamicZone(const ZoneSource& source) : DynamicZone(load(source)) {}

DynamicZone::~DynamicZone() {
  state_->end();
}

DynamicZone::Committed DynamicZone::remove(NameView owner, Type type) {
  ZoneChange change;
  change.remove(owner, type);
  return commit(change);
}

DynamicZone::Committed DynamicZone::removeName(NameView owner) {
  ZoneChange change;
  change.removeName(owner);
  return commit(change);
}

DynamicZone::Committed DynamicZone::commit(const ZoneChange& change) {
  const auto number = state_->commit(change);
  return number ? Committed(state_, *number) : Committed(number.error());
}

void DynamicZone::flush() {
  const std::uint64_t change = state_->lastChange();
  state_->hurry(change);
  state_->versions()->waitFor(change);
}

const Name& DynamicZone::origin() const {
  return state_->origin();
}

std::uint32_t DynamicZone::serial() const {
  return state_->versions()->newest()->serial();
}

std::size_t DynamicZone::recordCount() const {
  return state_->versions()->newest()->recordCount();
}

DynamicZone::Committed DynamicZone::Change::commit() {
  Committed committed = zone_->commit(*this);
  static_cast<ZoneChange&>(*this) = {};
  return committed;
}

Task<bool> DynamicZone::Committed::published(Shard& shard, StopToken stop) const {
  if (!ok()) return Task<bool>::ready(false);
  return wait(state_, number_, shard, stop);
}

Task<bool> DynamicZone::Committed::wait(std::shared_ptr<State> state, std::uint64_t number, Shard& shard,
                                        StopToken stop) {
  state->hurry(number);
  detail::ZoneVersions::Waiter waiter(state->versions(), number, shard);
  co_await waiter.event().wait(stop);
  co_return waiter.hasCome();
}

}  // namespace taut
