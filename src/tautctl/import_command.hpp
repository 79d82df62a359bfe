// `tautctl import`: prints a taut.toml for the configuration of another server.
#pragma once

#include <string>

#include <CLI/App.hpp>

namespace taut::ctl {

class ImportCommand {
 public:
  // Adds the subcommand to the program, which parses its arguments into this object.
  explicit ImportCommand(CLI::App& app);
  ImportCommand(const ImportCommand&) = delete;
  ImportCommand& operator=(const ImportCommand&) = delete;

  // Does the work after the parse, and returns the exit status.
  int run() const;

 private:
  std::string file_;
  std::string from_;
};

}  // namespace taut::ctl
