// Makes zones that the configuration does not name: members of catalogs, and zones that are added while the server
// runs.
#pragma once

#include <memory>
#include <string>

#include "configuration.hpp"
#include "taut/base/result.hpp"
#include "taut/dns/name.hpp"

namespace taut::config {

// A zone of this name as the template says. Where that says neither primaries nor a file, these primaries are the
// zone's; null: none, and its file is that of any zone. The reason says why the name makes no name of a file.
Result<ZoneSettings, std::string> zoneOf(const ZoneTemplate& made, NameView name,
                                         const std::shared_ptr<const RemoteList>& primaries);

}  // namespace taut::config
