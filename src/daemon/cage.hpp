// What the sandbox leaves the server: made of its configuration, at the start.
#pragma once

#include <string>
#include <vector>

#include "config/configuration.hpp"
#include "config/origin.hpp"
#include "sandbox/sandbox.hpp"
#include "taut/io/engine_choice.hpp"
#include "taut/zones/zone_store.hpp"

namespace taut {

// The folders of all files that the configuration and its zones are made of. A file is written anew beside the one that
// it takes the place of, so it is the folder that counts. Where a file is a symbolic link, the folder counts that holds
// the link, and so does that of the file in the end.
sandbox::Policy cageFor(const config::Configuration& configuration, const ZoneStore& zones, EngineKind engine);

// The folders in which files are written: of secondary zones, and of what is known of them.
std::vector<std::string> writtenFolders(const config::Configuration& configuration);

// Of a reload the files that are to be written in other folders than these, or below them, each with its place.
config::Mistakes filesNotWritable(const config::Configuration& configuration, const std::vector<std::string>& folders);

// What a reload names that lies outside the folders which the sandbox took at the start, each with its place.
config::Mistakes filesOutside(const config::Configuration& configuration);

}  // namespace taut
