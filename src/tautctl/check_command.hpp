// `tautctl check`: finds the mistakes of a configuration before a server reads it, and with --zones those of all that
// it names: zones, lists of zones, hosts file, resolv.conf and secrets.
#pragma once

#include <string>

#include <CLI/App.hpp>

namespace taut::ctl {

class CheckCommand {
 public:
  // Adds the subcommand to the program, which parses its arguments into this object.
  explicit CheckCommand(CLI::App& app);
  CheckCommand(const CheckCommand&) = delete;
  CheckCommand& operator=(const CheckCommand&) = delete;

  // Does the work after the parse, and returns the exit status.
  int run(bool json) const;

 private:
  std::string file_;
  bool zones_ = false;
};

}  // namespace taut::ctl
