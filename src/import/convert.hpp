// From the statements of each source to a taut.toml. `folder` is the absolute one that relative paths lead from where
// the source says no other.
#pragma once

#include <string>

#include "statement.hpp"
#include "taut_file.hpp"

namespace taut::importer {

TautFile convertBind(const Statements& statements, const std::string& folder);
TautFile convertKnot(const Statements& statements, const std::string& folder);
TautFile convertNsd(const Statements& statements, const std::string& folder);
TautFile convertUnbound(const Statements& statements, const std::string& folder);
TautFile convertCoredns(const Statements& statements, const std::string& folder);

}  // namespace taut::importer
