// Who may transfer which zones, as a configuration says.
#pragma once

#include <memory>
#include <span>

#include "config/configuration.hpp"
#include "taut/server/transfer_quota.hpp"
#include "taut/server/transfer_settings.hpp"
#include "taut/zone/difference_source.hpp"

namespace taut {

// The quota is that of all shards and of the configuration before, so that transfers under way count. It gets its
// limits. `members` are zones beside those of the configuration.
std::shared_ptr<const TransferSettings> transferSettingsOf(const config::Configuration& configuration,
                                                           std::span<const config::ZoneSettings> members,
                                                           std::shared_ptr<TransferQuota> quota,
                                                           std::shared_ptr<const DifferenceSource> differences);

}  // namespace taut
