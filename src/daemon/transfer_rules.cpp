#include "transfer_rules.hpp"

#include <string_view>
#include <utility>

#include "taut/dns/name.hpp"

namespace taut {

std::shared_ptr<const TransferSettings> transferSettingsOf(const config::Configuration& configuration,
                                                           std::span<const config::ZoneSettings> members,
                                                           std::shared_ptr<TransferQuota> quota,
                                                           std::shared_ptr<const DifferenceSource> differences) {
  auto settings = std::make_shared<TransferSettings>();
  quota->setLimits(configuration.limits.transfers, configuration.limits.transfersOfClient);
  settings->quota = std::move(quota);
  settings->differences = std::move(differences);
  const auto allow = [&settings](const config::ZoneSettings& zone, std::string_view view) {
    if (zone.allowTransfer) settings->allow(*Name::parse(zone.name), zone.allowTransfer->clients, view);
  };
  for (const config::ZoneSettings& zone : configuration.zones) allow(zone, {});
  for (const config::ZoneSettings& zone : members) allow(zone, {});
  for (const config::ViewSettings& view : configuration.views)
    for (const config::ZoneSettings& zone : view.zones) allow(zone, view.name);
  return settings;
}

}  // namespace taut
