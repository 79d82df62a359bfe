// `tautctl import`: prints a taut.toml for the configuration of another server.
#pragma once

#include <functional>

#include <CLI/App.hpp>

namespace taut::tautctl {

// Adds the subcommand. What it returns does the work after the parse, if the subcommand was given, and returns the exit
// status.
std::function<int()> declareImport(CLI::App& app);

}  // namespace taut::tautctl
