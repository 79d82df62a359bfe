// Zones that come and go while the server runs: members of catalogs, and zones that the control tool adds.
#include <ctime>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "daemon.hpp"
#include "live_settings.hpp"
#include "named_files.hpp"
#include "taut/base/log.hpp"
#include "transfer_rules.hpp"

namespace taut {

using config::ZoneSettings;

std::vector<ZoneSource> Daemon::zoneSources() const {
  return zoneSourcesOf(configuration_, members_.zones());
}

std::shared_ptr<const TransferSettings> Daemon::makeTransfers() const {
  return transferSettingsOf(configuration_, members_.zones(), transferQuota_, zones_.differences());
}

// Before the first query, so that what was served before a restart is served from the start.
void Daemon::loadMembers() {
  const auto zones = zones_.zones();
  catalogWatch_.follow(configuration_);
  members_.look(configuration_, *zones);
  if (members_.update(configuration_, *zones).hasChanged) {
    zones_.replaceSources(zoneSources(), configuration_.zoneLists);
    zones_.reload([](const auto&) {}, std::stop_token(), Reread::added);
  }
  std::vector<ZoneInstall> catalogs = makeCatalogs(*zones);
  if (!catalogs.empty()) zones_.install(std::move(catalogs), [](const auto&) {});
}

// After each update of the members.
std::vector<ZoneInstall> Daemon::makeCatalogs(const ZoneSet& served) {
  std::vector<ZoneInstall> made = catalogs_.update(configuration_, members_.zones(), served, std::time(nullptr));
  describeCatalogs();
  return made;
}

// When the sets of zones have them: the zones of which they are versions have to be there.
void Daemon::serveCatalogs(const std::vector<ZoneInstall>& versions) {
  for (const ZoneInstall& version : versions) {
    upkeep_->flush(version.zone, {});
    loader_->install(version);
  }
}

void Daemon::followCatalogs(const ZoneSet& zones) {
  if (!catalogWatch_.hasNews(zones)) return;
  memberWork_->post([this] {
    const std::lock_guard lock(reloading_);
    if (members_.look(configuration_, *state_.zones()))
      updateMembers({});
    else
      describeCatalogs();
  });
}

// For those who ask: as they are after an update of the members.
void Daemon::describeCatalogs() {
  auto statuses = std::make_shared<CatalogStatuses>();
  members_.describe(*statuses);
  catalogs_.describe(*statuses);
  state_.setCatalogs(std::move(statuses));
}

// With the lock. `done` gets what the loading of zones came to.
void Daemon::updateMembers(ZoneLoader::Done done) {
  const auto served = state_.zones();
  MemberZones::Update update = members_.update(configuration_, *served);
  std::vector<ZoneInstall> catalogs = makeCatalogs(*served);
  if (!update.hasChanged) {
    serveCatalogs(catalogs);
    if (done) done({});
    return;
  }
  plan_ = makePlan();
  setJournalSizes();
  transfers_ = makeTransfers();
  server_.post(
      [this, settings = std::shared_ptr<const LiveSettings>(liveSettings())](
          std::size_t shard, ServerFactory& factory) { settings->applyZones(factory, *resolvers_[shard].shard); });
  std::vector<ZoneSettings> discarded = std::move(update.gone);
  discarded.insert(discarded.end(), update.reset.begin(), update.reset.end());
  const auto loaded = [this, plan = plan_, catalogs = std::move(catalogs), discarded = std::move(discarded),
                       hasReset = !update.reset.empty(), done = std::move(done)](const ZoneReload& report) {
    upkeep_->replace(plan, state_.zones());
    serveCatalogs(catalogs);
    discard(discarded, hasReset);
    if (done) done(report);
  };
  loader_->replaceSources(zoneSources(), configuration_.zoneLists, loaded, Reread::added);
}

// What is known of zones goes. With `again` they come again then, as zones of which nothing is known.
void Daemon::discard(const std::vector<ZoneSettings>& zones, bool again) {
  std::vector<Upkeep::Discarded> secondaries;
  for (const ZoneSettings& zone : zones)
    if (zone.isSecondary()) secondaries.push_back({*Name::parse(zone.name), zone.path});
  const auto done = [this] {
    memberWork_->post([this] {
      const std::lock_guard lock(reloading_);
      updateMembers({});
    });
  };
  upkeep_->discard(std::move(secondaries), again ? std::function<void()>(done) : std::function<void()>());
}

// What is wrong with a zone that was added, or could not be.
std::string Daemon::mistakeOf(const Name& origin) const {
  const auto errors = zones_.errors();
  const auto found = errors->find({std::string(), origin});
  return found == errors->end() ? std::string()
                                : fmt::format("zone {} is added, and not loaded: {}", origin, found->second);
}

void Daemon::changeMembers(std::function<std::string()> change, std::function<std::string()> outcome,
                           std::function<void(std::string)> done) {
  if (!running_) return done("the server is still starting");
  memberWork_->post([this, change = std::move(change), outcome = std::move(outcome), done = std::move(done)] {
    const std::lock_guard lock(reloading_);
    std::string error = upgrading_ ? std::string("the server is being upgraded") : change();
    if (!error.empty()) return done(std::move(error));
    updateMembers([outcome, done](const ZoneReload&) { done(outcome()); });
  });
}

void Daemon::addZone(const AddedZone& zone, std::function<void(std::string)> done) {
  changeMembers([this, zone] { return members_.add(zone, configuration_, *state_.zones()); },
                [this, origin = *Name::parse(zone.name)] { return mistakeOf(origin); }, std::move(done));
}

void Daemon::removeZone(const Name& origin, std::function<void(std::string)> done) {
  changeMembers([this, origin] { return members_.remove(origin, configuration_); }, [] { return std::string(); },
                std::move(done));
}

}  // namespace taut
