// The command line of tautd, as settings.
#pragma once

#include <string>
#include <variant>

#include "settings.hpp"

namespace taut::config {

struct CommandLine {
  Settings settings;
  std::string file;    // of --config; empty: none given
  bool check = false;  // the configuration alone, without serving
};

// What it says, or the exit status where the process is to end now: 0 after --help and --version, 2 after a mistake.
// What there is to say has been printed.
std::variant<CommandLine, int> readCommandLine(int argc, char** argv);

}  // namespace taut::config
