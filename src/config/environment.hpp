// Settings from variables of the environment: `TAUT_SERVER__UDP_SIZE` is `server.udp-size`.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "settings.hpp"

namespace taut::config {

class Environment {
 public:
  using Variables = std::map<std::string, std::string, std::less<>>;

  explicit Environment(Variables variables) : variables_(std::move(variables)) {}
  static Environment ofProcess();

  std::optional<std::string> find(std::string_view name) const;

  // Reads the variables whose names begin with TAUT_. One with a double underscore has to be a key. One without may
  // be another program's, such as those that container managers make for a service of the name `taut`; it is a mistake
  // only where it looks like a key.
  Settings read(Mistakes& mistakes) const;

 private:
  static void readVariable(const std::string& name, const std::string& value, Settings& settings, Mistakes& mistakes);

  Variables variables_;
};

}  // namespace taut::config
