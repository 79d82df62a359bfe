// What [recursion] says, and what of [forward] goes with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "configuration.hpp"
#include "networks.hpp"
#include "settings.hpp"

namespace taut::config {

// Where [recursion] or one of its keys is given, but for `enabled`, it is enabled. With it, what the command line says
// of forwarding is meant for it, but for the servers: `--allow-recursion`, `--deny-rebinding`, `--private-domain`.
void implyRecursion(Settings& settings);

class RecursionReader {
 public:
  RecursionReader(const Settings& settings, Networks& networks, Mistakes& mistakes)
      : settings_(settings), networks_(networks), mistakes_(mistakes) {}

  // Nothing where it is not enabled.
  std::optional<RecursionSettings> read();
  // That a local root has a zone to be taken from, and is asked for something.
  void requireLocalRoot(const RecursionSettings& recursion, const ZoneList& zones);

 private:
  template <typename... Arguments>
  void mistake(const Origin& origin, fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    mistakes_.push_back({origin, fmt::format(text, std::forward<Arguments>(arguments)...)});
  }
  template <typename T>
  T get(std::string_view path) const {
    const Setting* const setting = settings_.find(path);
    return std::get<T>(setting ? setting->value : presetOf(keyOf(path)));
  }
  bool flag(std::string_view path) const { return get<bool>(path); }
  const std::vector<Item>& items(std::string_view path) const;
  std::vector<Name> names(std::string_view path);
  std::vector<Address> addresses(const std::vector<Item>& items);
  std::uint32_t seconds(std::string_view path);

  void readOptions(RecursorOptions& options);
  void readFamilies(RecursorOptions& options);
  void readTtls(RecursorOptions& options);
  void readAnchors(RecursionSettings& recursion);
  void readAnchorState(RecursionSettings& recursion);
  void readRebinding(RecursionSettings& recursion);
  void readLocal(RecursionSettings& recursion);
  void readPolicies(std::vector<PolicySettings>& policies);
  void readZones(std::vector<FixedZone>& zones);
  std::optional<FixedZone> zone(const Table& table, const std::vector<FixedZone>& before);
  void readForwarding(std::vector<FixedZone>& zones);

  const Settings& settings_;
  Networks& networks_;
  Mistakes& mistakes_;
};

}  // namespace taut::config
