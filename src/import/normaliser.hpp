// The other servers' own programs that print a configuration in a normal form.
#pragma once

#include <optional>
#include <string>

#include "import.hpp"

namespace taut::importer {

struct Normalised {
  std::string command;  // as one would type it
  std::string text;
};

// What the program of this kind makes of the file; nothing where there is none, where it is not installed, where it
// refuses the file, or where it takes longer than ten seconds.
std::optional<Normalised> normalise(Kind kind, const std::string& path);

}  // namespace taut::importer
