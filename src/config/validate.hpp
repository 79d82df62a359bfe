// The one judge of a configuration, whichever front end read it: makes the values that the server works with, and finds
// what does not make sense.
#pragma once

#include "configuration.hpp"
#include "settings.hpp"
#include "taut/base/result.hpp"

namespace taut::config {

// The configuration, or all that is wrong with the settings, at least one mistake. Reads no file.
Result<Configuration, Mistakes> validate(const Settings& settings);

}  // namespace taut::config
