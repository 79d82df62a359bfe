// The configuration of a running server, and what a reload would change, for people and for programs.
#pragma once

#include <string>
#include <vector>

#include "managed_server.hpp"

namespace taut {

// A line for each value: its key, what it is, and where that comes from.
std::string valuesText(const std::vector<ShownValue>& values);
std::string valuesJson(const std::vector<ShownValue>& values);

// A line for each change, or one that says that there is none.
std::string changesText(const ConfigurationChanges& changes);
std::string changesJson(const ConfigurationChanges& changes);

}  // namespace taut
