// What a configuration names and is read from files.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/configuration.hpp"
#include "file_errors.hpp"
#include "taut/dns/tsig_key.hpp"
#include "taut/server/server_cookies.hpp"
#include "taut/zone/zone_file.hpp"
#include "taut/zones/zone_store.hpp"

namespace taut {

// Such a file may come and go while the server runs. A file that is missing at the start, or when it is named for the
// first time, is the operator's mistake: throws std::runtime_error. No path is no file.
void requireReadable(const std::string& path, std::uint64_t maxSize);

// ` (FILE:LINE:COLUMN)`, where the file stands that the key has; empty for an option, which is easily found.
std::string placeOf(const config::Configuration& configuration, std::string_view key);

// Null where there are to be none. Throws std::runtime_error where the secrets cannot be read, its text naming the
// place that says where they are.
std::shared_ptr<const ServerCookies> makeCookies(const config::Configuration& configuration);

// The keys that messages may be signed with, their secrets read where they are in files. Throws std::runtime_error as
// above.
std::shared_ptr<const KeyRing> makeKeys(const config::Configuration& configuration);

// The secrets that are read at the start.
struct NamedSecrets {
  std::shared_ptr<const ServerCookies> cookies;  // null: none
  std::shared_ptr<const KeyRing> keys;
};

// The files that there have to be at the start, except those of zones: reads those of secrets, and looks whether
// the others can be read, and whether libraries hold handlers. What is wrong is added to the errors.
NamedSecrets readNamedFiles(const config::Configuration& configuration, FileErrors& errors);

// Looks whether each library holds the handler, built for this taut, without loading it. What is wrong is added to the
// errors.
void requireHandlers(const std::vector<config::HandlerSettings>& handlers, FileErrors& errors);

// ZoneStore::load, of whose errors those of files that cannot be read name the place in the configuration.
void loadNamedZones(ZoneStore& store, std::vector<ZoneSource> sources, const config::Configuration& configuration);

// Those of views too, and `members`, zones beside those of the configuration.
std::vector<ZoneSource> zoneSourcesOf(const config::Configuration& configuration,
                                      std::span<const config::ZoneSettings> members = {});

}  // namespace taut
