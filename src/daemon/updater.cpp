#include "updater.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "taut/base/counted.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/io/offload.hpp"
#include "taut/zone/difference_between.hpp"
#include "taut/zone/recent_differences.hpp"
#include "taut/zone/zone_settling.hpp"
#include "taut/zone/zone_update.hpp"

namespace taut {

// A zone, and what is to become of it.
struct Updater::Updated {
  Name origin;
  std::shared_ptr<const Zone> version;  // that is kept, and served or about to be
  SerialPolicy serial = SerialPolicy::keep;
  std::deque<UpdateOrder> waiting;
  std::shared_ptr<const Zone> file;  // a version of the file that waits; null: none
  bool isCommitting = false;
  bool isRemoved = false;
  bool isFailing = false;  // what could not be kept has been told of
  bool isSettling = false;
  std::shared_ptr<const Zone> settled;                       // that waits for the end of a commit; null: none
  std::vector<std::shared_ptr<const ZoneDifference>> since;  // while it is being settled, and after
  std::uint64_t updates = 0;                                 // that have been carried out
};

// What is kept, served and answered together.
struct Updater::Commit {
  ZoneVersion version;
  std::vector<std::function<void(Rcode)>> done;
  std::vector<std::string> log;
};

namespace {

// The lines of a log that has one for each update.
std::string lineOf(const Name& origin, const UpdateOrder& order) {
  return fmt::format("zone {}: update from {}", origin, order.sender);
}

// Whether the sender may do what this record asks for. To remove all of a name is to remove each type that it has.
bool isGranted(const UpdateGrant& grant, const UpdateRecord& record, const Zone& zone) {
  if (record.type != Type::ANY) return grant.allows(record.owner, record.type);
  const ZoneNode node = zone.node(record.owner);
  if (!node) return true;
  const bool isApex = record.owner == zone.origin();
  return std::ranges::all_of(node, [&](const RRset& set) {
    const bool stays = isApex && (set.type == Type::SOA || set.type == Type::NS);
    return stays || grant.allows(record.owner, set.type);
  });
}

Result<void, UpdateFailure> checkGrant(const UpdateMessage& message, const UpdateGrant& grant, const Zone& zone) {
  const UpdateRecords& updates = message.updates();
  for (std::size_t i = 0; i < updates.size(); ++i)
    if (!isGranted(grant, updates[i], zone))
      return Failure(UpdateFailure{
          Rcode::REFUSED, fmt::format("it may not update {} {}", updates[i].owner, toString(updates[i].type))});
  return {};
}

// The version that the update makes of this one, by the order of RFC 2136 section 3.
Result<ZoneUpdate, UpdateFailure> updated(const std::shared_ptr<const Zone>& zone, const UpdateOrder& order,
                                          Serial last) {
  const auto message = UpdateMessage::read(order.message);
  if (!message) return Failure(message.error());
  if (const auto asked = message->checkPrerequisites(*zone); !asked) return Failure(asked.error());
  if (const auto granted = checkGrant(*message, order.grant, *zone); !granted) return Failure(granted.error());
  if (const auto scanned = message->prescan(); !scanned) return Failure(scanned.error());
  auto next = updateZone(zone, message->changeOf(*zone), last);
  if (!next) return Failure(UpdateFailure{Rcode::REFUSED, next.error()});
  return std::move(*next);
}

}  // namespace

Updater::Updater(Shard& shard, Keep keep, Publish publish)
    : shard_(shard), keep_(std::move(keep)), publish_(std::move(publish)) {}

Updater::~Updater() = default;

void Updater::add(const Name& origin, std::shared_ptr<const Zone> version, SerialPolicy serial) {
  std::shared_ptr<Updated>& zone = zones_[origin];
  if (!zone) {
    zone = std::make_shared<Updated>();
    zone->origin = origin;
    zone->version = std::move(version);
  }
  zone->serial = serial;
}

void Updater::remove(const Name& origin) {
  const auto found = zones_.find(origin);
  if (found == zones_.end()) return;
  const std::shared_ptr<Updated> zone = std::move(found->second);
  zones_.erase(found);
  zone->isRemoved = true;
  for (const UpdateOrder& order : zone->waiting) order.done(Rcode::REFUSED);
  zone->waiting.clear();
}

void Updater::update(const Name& origin, UpdateOrder order) {
  const auto found = zones_.find(origin);
  if (found == zones_.end()) return order.done(Rcode::REFUSED);
  const std::shared_ptr<Updated> zone = found->second;
  zone->waiting.push_back(std::move(order));
  advance(zone);
}

void Updater::replaceByFile(std::shared_ptr<const Zone> version) {
  const auto found = zones_.find(version->origin());
  if (found == zones_.end()) return;
  const std::shared_ptr<Updated> zone = found->second;
  zone->file = std::move(version);
  advance(zone);
}

std::optional<std::uint64_t> Updater::updatesOf(const Name& origin) const {
  const auto found = zones_.find(origin);
  return found == zones_.end() ? std::nullopt : std::optional(found->second->updates);
}

// What none of them changes is answered at once, and the next ones have their turn.
void Updater::advance(const std::shared_ptr<Updated>& zone) {
  while (!zone->isCommitting && !zone->isRemoved && (zone->settled || zone->file || !zone->waiting.empty())) {
    if (takeSettled(*zone)) continue;
    auto next = std::make_shared<Commit>();
    next->version.zone = zone->version;
    next->done.reserve(std::min(maxTogether, zone->waiting.size()));
    if (zone->file) applyFile(*zone, std::exchange(zone->file, nullptr), *next);
    for (std::size_t i = 0; i < maxTogether && !zone->waiting.empty(); ++i) {
      UpdateOrder order = std::move(zone->waiting.front());
      zone->waiting.pop_front();
      apply(*zone, std::move(order), *next);
    }
    if (next->version.zone == zone->version)
      for (const auto& done : next->done) done(Rcode::NOERROR);
    else
      commit(zone, std::move(next));
  }
}

void Updater::apply(Updated& zone, UpdateOrder order, Commit& commit) {
  std::shared_ptr<const Zone>& version = commit.version.zone;
  // A zone whose file could not be read before may have been read since.
  if (!version->isLoaded() && order.served && order.served->isLoaded()) version = zone.version = order.served;
  try {
    auto next = updated(version, order, serialAfter(zone, *version).previous());
    if (!next) {
      log::info("{}: {}: {}", lineOf(zone.origin, order), toString(next.error().rcode), next.error().reason);
      return order.done(next.error().rcode);
    }
    if (!next->difference) {
      log::info("{}: it changes nothing", lineOf(zone.origin, order));
      return commit.done.push_back(std::move(order.done));
    }
    const ZoneDifference& difference = *next->difference;
    commit.log.push_back(fmt::format("{}: serial {} to {}, {} removed, {} added", lineOf(zone.origin, order),
                                     difference.from().value(), difference.to().value(),
                                     counted(difference.removed().size() - 1, "record"),
                                     counted(difference.added().size() - 1, "record")));
    commit.version.differences.push_back(std::make_shared<const ZoneDifference>(std::move(*next->difference)));
    version = std::move(next->zone);
    ++zone.updates;
    commit.done.push_back(std::move(order.done));  // there is room
  } catch (const std::exception& error) {
    log::error("{}: {}", lineOf(zone.origin, order), reasonOf(error));
    order.done(Rcode::SERVFAIL);
  }
}

// The difference from what there is, so that others get it as they get updates. Where that is too large, or is none
// that can be taken, the version of the file is the next one as it is.
void Updater::applyFile(Updated& zone, std::shared_ptr<const Zone> file, Commit& commit) const {
  std::shared_ptr<const Zone>& version = commit.version.zone;
  if (!version->isLoaded()) {
    version = zone.version = std::move(file);
    return;
  }
  if (!isNewer(Serial(file->serial()), Serial(version->serial()))) {
    log::warning("zone {}: the file's serial {} is not newer than {}, which updates have made: it does not count",
                 zone.origin, file->serial(), version->serial());
    return;
  }
  commit.log.push_back(
      fmt::format("zone {}: serial {} to {}, by its file", zone.origin, version->serial(), file->serial()));
  auto difference = differenceBetween(*version, *file, RecentDifferences::maxOctets(*version));
  if (difference) {
    ZoneChecks checks;
    checks.requireNsAddresses = false;  // the file has been checked
    auto next = updateZone(version, {&*difference, 1}, checks);
    if (next && next->zone) {
      version = next->zone;
      commit.version.differences.push_back(std::make_shared<const ZoneDifference>(std::move(*difference)));
      return;
    }
  }
  version = std::move(file);
}

Serial Updater::serialAfter(const Updated& zone, const Zone& version) const {
  const auto now = std::chrono::floor<std::chrono::seconds>(shard_.clock().wallTime());
  return nextSerial(zone.serial, Serial(version.serial()), now);
}

void Updater::commit(const std::shared_ptr<Updated>& zone, std::shared_ptr<Commit> next) {
  zone->isCommitting = true;
  ++committing_;
  const auto done = [this, zone, next](const std::string& error) {
    shard_.post([this, zone, next, error] {
      kept(zone, next, error);
      if (--committing_ == 0) nothingCommits_.set();
    });
  };
  keep_(next->version, done);
}

void Updater::kept(const std::shared_ptr<Updated>& zone, const std::shared_ptr<Commit>& commit,
                   const std::string& error) {
  zone->isCommitting = false;
  if (!error.empty()) {
    if (!std::exchange(zone->isFailing, true))
      log::error("zone {}: updates cannot be kept, and are answered SERVFAIL: {}", zone->origin, error);
    for (const auto& done : commit->done) done(Rcode::SERVFAIL);
    return advance(zone);
  }
  if (std::exchange(zone->isFailing, false)) log::info("zone {}: updates can be kept again", zone->origin);
  for (const std::string& line : commit->log) log::info("{}", line);
  zone->version = commit->version.zone;
  const auto& differences = commit->version.differences;
  if (zone->isSettling || zone->settled) {
    zone->since.insert(zone->since.end(), differences.begin(), differences.end());
    if (differences.empty()) zone->settled = nullptr;  // another whole version has come
  }
  publish_({zone->version, differences}, [commit] {
    for (const auto& done : commit->done) done(Rcode::NOERROR);
  });
  if (!zone->isSettling && !zone->settled && !differences.empty() && isWorthSettling(*zone->version))
    settling_.spawn(settle(zone), settling_.token());
  advance(zone);
}

// Puts the version into a new image, while others may come.
Task<> Updater::settle(std::shared_ptr<Updated> zone) {
  zone->isSettling = true;
  zone->since.clear();
  const std::shared_ptr<const Zone> before = zone->version;
  auto work = [before] { return taut::settle(*before); };
  auto settled = co_await offload(shard_, std::move(work));
  zone->isSettling = false;
  if (!settled || !*settled || zone->isRemoved) co_return;
  zone->settled = std::move(*settled);
  advance(zone);
}

// Brings what has come meanwhile into the new image. False where there is none.
bool Updater::takeSettled(Updated& zone) {
  if (!zone.settled) return false;
  const std::shared_ptr<const Zone> settled = std::exchange(zone.settled, nullptr);
  const auto replayed = replay(settled, std::exchange(zone.since, {}));
  if (!replayed) {
    log::error("zone {}: it cannot be settled: {}", zone.origin, replayed.error());
    return true;
  }
  const std::shared_ptr<const Zone>& version = *replayed;
  if (version->serial() != zone.version->serial()) return true;  // a whole version has come
  zone.version = version;
  ZoneVersion kept{version};
  kept.isSettled = true;
  keep_(kept, {});
  publish_({version, {}, true}, {});
  return true;
}

Task<> Updater::join() {
  if (committing_ > 0) {
    nothingCommits_.reset();
    co_await nothingCommits_.wait();
  }
  settling_.stop();
  co_await settling_.join();
}

}  // namespace taut
