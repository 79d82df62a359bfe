// The one judge of a configuration, whichever front end read it: makes the values that the server works with, and finds
// what does not make sense.
#pragma once

#include <optional>

#include "configuration.hpp"
#include "settings.hpp"

namespace taut::config {

// The configuration, where nothing is wrong with the settings and there was no mistake before; the mistakes are added.
// Reads no file.
std::optional<Configuration> validate(Settings settings, Mistakes& mistakes);

}  // namespace taut::config
