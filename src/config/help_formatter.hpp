// How `tautd --help` looks: options in groups, each with what it takes and a sentence, lines within 80 columns.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace taut::config {

class HelpFormatter final : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string name) const override;
  std::string make_group(std::string group, bool isPositional, std::vector<const CLI::Option*> options) const override;
  std::string make_option(const CLI::Option* option, bool isPositional) const override;
};

}  // namespace taut::config
