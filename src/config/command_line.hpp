// The command line of tautd, as settings.
#pragma once

#include <variant>

#include "settings.hpp"

namespace taut::config {

// The settings, or the exit status where the process is to end now: 0 after --help and --version, 2 after a mistake.
// What there is to say has been printed.
std::variant<Settings, int> readCommandLine(int argc, char** argv);

}  // namespace taut::config
