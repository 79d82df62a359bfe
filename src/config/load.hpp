// Puts the front ends together: the file, then the environment, then the command line, each of which takes the place of
// what the one before says.
#pragma once

#include <string>

#include "configuration.hpp"
#include "environment.hpp"
#include "settings.hpp"
#include "taut/base/result.hpp"

namespace taut::config {

struct Sources {
  std::string file;  // empty: none
  Environment environment;
  Settings commandLine;
};

// Reads the file and what it includes, and judges all together. Or all mistakes, in the order of their places.
Result<Configuration, Mistakes> load(const Sources& sources);

// Which file is read: the one that is given, or else the other one where that is there and the command line does not
// say what to serve. Empty: none.
std::string chooseFile(const std::string& given, const Settings& commandLine, const std::string& otherwise);

inline constexpr const char* defaultFile = "/etc/taut/taut.toml";

}  // namespace taut::config
