#include "taut/resolver/dynamic_zone.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "dynamic_zone_state.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/zone/zone_builder.hpp"
#include "taut/zone/zone_settling.hpp"
#include "taut/zone/zone_update.hpp"

namespace taut {

namespace {

constexpr std::chrono::seconds afterFailure{1};
constexpr std::chrono::seconds betweenReclaims{1};

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

const Zone& changeable(const std::shared_ptr<const Zone>& zone) {
  if (!zone) throw std::invalid_argument("a zone that is to change is null");
  if (const auto reason = reasonAgainstChanges(*zone)) throw std::invalid_argument(*reason);
  return *zone;
}

}  // namespace

DynamicZone::State::State(std::shared_ptr<const Zone> zone, Options options)
    : origin_(changeable(zone).origin()),
      options_(options),
      versions_(std::make_shared<detail::ZoneVersions>(zone)),
      newest_(std::move(zone)),
      publishedSerial_(newest_->serial()),
      memory_(newest_->image().memory()),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Result<std::uint64_t, std::string> DynamicZone::State::commit(const ZoneChange& change) {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    auto updated = updateZone(newest_, change, publishedSerial_);
    if (!updated) return Failure(updated.error());
    if (updated->difference) {
      if (isSettling_) since_.push_back(std::move(*updated->difference));
      newest_ = std::move(updated->zone);
      ++committed_;
    }
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
  settler_ = {};
  versions_->end();
}

void DynamicZone::State::run(const std::stop_token& stop) {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      const auto due = [this] { return isDue(); };
      if (retired_.empty())
        changed_.wait(lock, stop, due);
      else
        changed_.wait_for(lock, stop, betweenReclaims, due);
      if (isDue()) changed_.wait_until(lock, stop, next_, [this] { return made_ < hurried_; });
    }
    if (stop.stop_requested()) return;
    try {
      publish();
      settleWhereWorth();
    } catch (const std::exception& error) {
      log::error("zone {}: its changes cannot be published yet: {}", origin_, reasonOf(error));
      const std::lock_guard lock(mutex_);
      hurried_ = made_;
      next_ = Clock::now() + afterFailure;
    }
    reclaim();
  }
}

void DynamicZone::State::publish() {
  std::unique_lock lock(mutex_);
  if (!isDue()) return;
  const std::uint64_t number = committed_;
  std::shared_ptr<const Zone> zone = newest_;
  publishedSerial_ = Serial(zone->serial());
  next_ = Clock::now() + options_.interval;
  std::shared_ptr<const void> memory = zone->image().memory();
  if (memory != memory_) retired_.push_back(std::exchange(memory_, std::move(memory)));
  isSettled_ = false;
  lock.unlock();
  versions_->publish(std::move(zone), number);
  lock.lock();
  made_ = number;
}

// Gives back what nobody answers from any more, so that no shard has to: for a large zone that takes milliseconds.
void DynamicZone::State::reclaim() {
  std::vector<std::shared_ptr<const void>> unused;
  const std::lock_guard lock(mutex_);
  const auto isUnused = [](const auto& memory) { return memory.use_count() == 1; };
  std::ranges::copy_if(retired_, std::back_inserter(unused), isUnused);
  std::erase_if(retired_, [&](const auto& memory) { return std::ranges::find(unused, memory) != unused.end(); });
}

void DynamicZone::State::settleWhereWorth() {
  const std::lock_guard lock(mutex_);
  if (isSettling_ || !isWorthSettling(*newest_)) return;
  settler_ =
      std::jthread([this, zone = newest_](const std::stop_token& stop) mutable { settle(std::move(zone), stop); });
  isSettling_ = true;
  since_.clear();
}

// At half the speed that there is, so that memory is touched at a limited rate.
void DynamicZone::State::settle(std::shared_ptr<const Zone> zone, const std::stop_token& stop) {
  try {
    Clock::time_point begin = Clock::now();
    const auto goesOn = [&] {
      std::this_thread::sleep_for(Clock::now() - begin);
      begin = Clock::now();
      return !stop.stop_requested();
    };
    std::shared_ptr<const Zone> settled = taut::settle(*zone, goesOn);
    zone.reset();
    if (settled) takeOver(std::move(settled));
  } catch (const std::exception& error) {
    log::error("zone {}: it cannot be settled: {}", origin_, reasonOf(error));
  }
  endSettling();
}

// Brings what has changed meanwhile into the settled version, the last of it while nobody can change more.
void DynamicZone::State::takeOver(std::shared_ptr<const Zone> settled) {
  constexpr std::size_t few = 16;
  ZoneChecks checks;
  checks.requireNsAddresses = checks.verifyZonemd = false;
  std::unique_lock lock(mutex_);
  for (;;) {
    const std::vector<ZoneDifference> since = std::exchange(since_, {});
    const bool isLast = since.size() <= few;
    if (!isLast) lock.unlock();
    const auto updated = updateZone(settled, since, checks);
    if (!updated) throw std::logic_error(updated.error());
    settled = updated->zone;
    if (isLast) break;
    lock.lock();
  }
  newest_ = std::move(settled);
  isSettled_ = true;
}

void DynamicZone::State::endSettling() {
  {
    const std::lock_guard lock(mutex_);
    isSettling_ = false;
    since_.clear();
  }
  changed_.notify_one();
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
