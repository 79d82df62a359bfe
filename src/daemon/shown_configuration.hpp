// What holds of the configuration, for those who ask while it may be changing.
#pragma once

#include <mutex>
#include <vector>

#include "config/configuration.hpp"
#include "config/effective_values.hpp"
#include "management/managed_server.hpp"
#include "taut/server/query_log.hpp"

namespace taut {

ShownValue shown(const config::EffectiveValue& value);

// Any thread may use it.
class ShownConfiguration {
 public:
  explicit ShownConfiguration(const config::Configuration& configuration) { set(configuration); }

  void set(const config::Configuration& configuration);

  std::vector<ShownValue> values() const;
  QueryLogSettings queryLog() const;

 private:
  mutable std::mutex mutex_;
  std::vector<ShownValue> values_;
  QueryLogSettings queryLog_;
};

}  // namespace taut
