// The values that hold, each with its place: for people who ask, and to tell what a reload changes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "origin.hpp"
#include "schema.hpp"
#include "settings.hpp"

namespace taut::config {

struct EffectiveValue {
  std::string path;  // `server.identity`, `listen[0].address`
  std::string text;  // as TOML, as a file may say it
  std::string json;  // the same as JSON
  Origin origin;
  const Key* key = nullptr;
  std::size_t secret = 0;  // of a secret, which the texts hide: a number that differs with it

  bool needsRestart() const { return key->reload == Reload::restart; }
};

// What is given or has a preset, in the order of the schema, except the zones, of which there may be very many.
std::vector<EffectiveValue> effectiveValues(const Settings& settings);

// A value that differs; `before` or `after` is missing where it is not given there.
struct ValueChange {
  std::optional<EffectiveValue> before;
  std::optional<EffectiveValue> after;

  const EffectiveValue& either() const { return after ? *after : *before; }
};

// Both in the order of `effectiveValues`.
std::vector<ValueChange> differences(const std::vector<EffectiveValue>& before,
                                     const std::vector<EffectiveValue>& after);

}  // namespace taut::config
