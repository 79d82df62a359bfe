// Zones that come from other servers, and those whose new versions others are told of.
#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "daemon.hpp"
#include "named_files.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"

namespace taut {

std::shared_ptr<const UpkeepPlan> Daemon::makePlan() const {
  return std::make_shared<const UpkeepPlan>(configuration_, secrets_.keys, members_.zones());
}

OnNotify Daemon::onNotify() const {
  if (!plan_->hasSecondaries()) return {};
  return [upkeep = upkeep_.get(), plan = plan_](const Notification& notification) {
    return upkeep->notified(*plan, notification);
  };
}

LiveSettings::Update Daemon::onUpdate() const {
  if (!plan_->hasUpdates()) return {};
  return [upkeep = upkeep_.get(), plan = plan_](Shard& shard, const Query& query, ServedZone zone) {
    return upkeep->update(plan, shard, query, std::move(zone));
  };
}

void Daemon::tellOf(const std::vector<std::shared_ptr<const Zone>>& versions) noexcept {
  try {
    upkeep_->changed(versions);
  } catch (const std::exception& error) {
    log::error("others are not told of {} new versions: {}", versions.size(), reasonOf(error));
  }
}

// The server before keeps zones up to the moment at which it gives them up: what it has kept since this one has read
// them is served first.
void Daemon::ownArchive() {
  constexpr std::chrono::seconds patience{10};
  if (!archive_) return;
  setJournalSizes();
  const std::string error = archive_->own(predecessor_ ? patience : std::chrono::seconds(0));
  if (!error.empty())
    return log::error("{}; what changes is not kept for the next start until that can be done", error);
  if (predecessor_) readKeptSince([this](const ZonePublication& publication) { publishZones(publication); });
}

// What the server before has kept since this one has read its zones.
void Daemon::readKeptSince(const ZoneStore::Publish& publish) {
  std::vector<ZoneInstall> versions;
  for (const ZoneSource& source : zoneSources()) {
    if (!source.isKept || !source.isInstalled() || !archive_->hasChanged(*source.origin)) continue;
    auto kept = archive_->restore(*source.origin);
    if (!kept.ok()) log::error("{}", kept.error());
    if (kept.ok() && kept->zone) versions.push_back({std::move(kept->zone)});
  }
  if (!versions.empty()) zones_.install(std::move(versions), publish);
}

// Versions that come from elsewhere end first, and then what keeps them.
void Daemon::giveUpZones() {
  upkeep_->stop();
  if (archive_) archive_->stop();
}

void Daemon::setJournalSizes() {
  if (!archive_) return;
  ZoneArchive::JournalSizes sizes;
  const auto add = [&sizes](const config::ZoneSettings& zone) {
    if (!zone.name.empty() && zone.journal != ArchivedZone::defaultOctets)
      sizes.emplace(*Name::parse(zone.name), zone.journal);
  };
  std::ranges::for_each(configuration_.zones, add);
  std::ranges::for_each(members_.zones(), add);
  archive_->setJournalSizes(std::move(sizes));
}

// What has changed since the last time that this server ran is not known, so all are told of what there is now.
void Daemon::startUpkeep() {
  const std::shared_ptr<const ZoneSet> zones = state_.zones();
  if (plan_->hasSecondaries() && configuration_.server.stateFolder.empty())
    log::info("server.state-directory is not given: secondary zones are not kept for the next start");
  upkeep_->replace(plan_, zones);
  upkeep_->filesChanged(zones_.takeFileVersions());
  std::vector<std::shared_ptr<const Zone>> told;
  for (const auto& [origin, zone] : plan_->zones())
    if (auto version = zone.targets ? zones->get(origin) : nullptr; version && version->isLoaded())
      told.push_back(std::move(version));
  upkeep_->changed(std::move(told));
}

// Zones that are new are loaded first, from what was kept of them.
ManagedServer::Reloaded Daemon::thenKeepZones(std::vector<ZoneInstall> catalogs,
                                              std::vector<config::ZoneSettings> reset, Reloaded done) {
  return [this, plan = plan_, catalogs = std::move(catalogs), reset = std::move(reset),
          done = std::move(done)](const ReloadReport& report) {
    upkeep_->replace(plan, state_.zones());
    serveCatalogs(catalogs);
    if (!reset.empty()) discard(reset, true);
    if (done) done(report);
  };
}

bool Daemon::notifyZone(const Name& origin) {
  auto version = state_.zones()->get(origin);
  return version && version->isLoaded() && upkeep_->notify(std::move(version));
}

bool Daemon::flushZone(const Name& origin, std::function<void(std::string)> done) {
  auto version = state_.zones()->get(origin);
  return version && version->isLoaded() && upkeep_->flush(std::move(version), std::move(done));
}

}  // namespace taut
