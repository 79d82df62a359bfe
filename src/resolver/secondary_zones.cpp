#include "secondary_zones.hpp"

#include <algorithm>

namespace taut::detail {

SecondaryZones::SecondaryZones(Shard& shard, const std::vector<PrimaryOptions>& primaries,
                               const std::vector<Name>& zones, SecondaryOptions options)
    : scheduler_(shard, std::move(options.refresh), [this](const ZoneVersion& version) { publish(version); }) {
  auto settings = std::make_shared<SecondarySettings>();
  settings->limits = options.limits;
  for (const PrimaryOptions& primary : primaries) {
    settings->primaries.push_back(std::make_shared<Primary>(shard, primary));
    hosts_.insert(hosts_.end(), primary.addresses.begin(), primary.addresses.end());
  }
  for (const Name& origin : zones) {
    if (find(origin)) continue;
    const auto none = Zone::notLoaded(origin);
    versions_.push_back(std::make_shared<ZoneVersions>(none));
    byOrigin_.emplace(origin, versions_.back());
    scheduler_.add(settings, none);
  }
}

std::shared_ptr<ZoneVersions> SecondaryZones::find(NameView zone) const {
  const auto found = byOrigin_.find(zone);
  return found == byOrigin_.end() ? nullptr : found->second;
}

bool SecondaryZones::isNotice(NameView zone, const Address& from) const {
  return find(zone) && std::ranges::any_of(hosts_, [&](const Address& host) { return host.sameHost(from); });
}

void SecondaryZones::publish(const ZoneVersion& version) {
  if (const auto versions = find(version.zone->origin())) versions->publish(version.zone, ++change_);
}

void SecondaryZones::end() {
  for (const auto& versions : versions_) versions->end();
}

}  // namespace taut::detail
