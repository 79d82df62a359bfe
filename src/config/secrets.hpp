// Files of secrets: others than their owner and group may not read them.
#pragma once

#include <optional>
#include <string>

#include "configuration.hpp"
#include "origin.hpp"

namespace taut::config {

// What is wrong with the mode of the file; nothing where it is right, or where there is no such file.
std::optional<std::string> wrongMode(const std::string& path);

// What is wrong with the files of secrets that the configuration names.
Mistakes checkSecrets(const Configuration& configuration);

}  // namespace taut::config
