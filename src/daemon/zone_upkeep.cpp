// Zones that come from other servers, and those whose new versions others are told of.
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "daemon.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"

namespace taut {

std::shared_ptr<const UpkeepPlan> Daemon::makePlan() const {
  return std::make_shared<const UpkeepPlan>(configuration_, secrets_.keys);
}

OnNotify Daemon::onNotify() const {
  if (!plan_->hasSecondaries()) return {};
  return [upkeep = upkeep_.get(), plan = plan_](const Notification& notification) {
    return upkeep->notified(*plan, notification);
  };
}

void Daemon::tellOf(const std::vector<std::shared_ptr<const Zone>>& versions) noexcept {
  try {
    upkeep_->changed(versions);
  } catch (const std::exception& error) {
    log::error("others are not told of {} new versions: {}", versions.size(), reasonOf(error));
  }
}

// What has changed since the last time that this server ran is not known, so all are told of what there is now.
void Daemon::startUpkeep() {
  const std::shared_ptr<const ZoneSet> zones = state_.zones();
  if (plan_->hasSecondaries() && configuration_.server.stateFolder.empty())
    log::info("server.state-directory is not given: when secondary zones were checked is not known after a restart");
  upkeep_->replace(plan_, zones);
  std::vector<std::shared_ptr<const Zone>> told;
  for (const auto& [origin, zone] : plan_->zones())
    if (auto version = zone.targets && !zone.primaries ? zones->get(origin) : nullptr; version && version->isLoaded())
      told.push_back(std::move(version));
  upkeep_->changed(std::move(told));
}

// Zones that are new are loaded first, from what was kept of them.
ManagedServer::Reloaded Daemon::thenKeepZones(Reloaded done) {
  return [this, plan = plan_, done = std::move(done)](const ReloadReport& report) {
    upkeep_->replace(plan, state_.zones());
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
