// A taut.toml in a folder of its own, and what is wrong with it.
#pragma once

#include <fstream>
#include <string>

#include "config/load.hpp"
#include "support/temporary_folder.hpp"

namespace taut::config {

class ConfigurationFile : public TemporaryFolder {
 public:
  Result<Configuration, Mistakes> load(const std::string& text) const {
    std::ofstream(path("taut.toml")) << text;
    return config::load({path("taut.toml"), Environment(Environment::Variables()), Settings()});
  }

  // A line for each, without the folder.
  std::string mistakes(const std::string& text) const {
    const auto loaded = load(text);
    std::string lines;
    if (loaded) return lines;
    for (const Mistake& mistake : loaded.error()) lines += mistake.toText() + "\n";
    const std::string folder = path("");
    for (std::size_t at = lines.find(folder); at != lines.npos; at = lines.find(folder)) lines.erase(at, folder.size());
    return lines;
  }
};

}  // namespace taut::config
