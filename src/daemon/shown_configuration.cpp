#include "shown_configuration.hpp"

#include <utility>

namespace taut {

ShownValue shown(const config::EffectiveValue& value) {
  return {value.path, value.text, value.json, value.origin.toText()};
}

void ShownConfiguration::set(const config::Configuration& configuration) {
  std::vector<ShownValue> values;
  for (const config::EffectiveValue& value : configuration.values) values.push_back(shown(value));
  const std::scoped_lock lock(mutex_);
  values_ = std::move(values);
  queryLog_ = configuration.log.queries;
}

std::vector<ShownValue> ShownConfiguration::values() const {
  const std::scoped_lock lock(mutex_);
  return values_;
}

QueryLogSettings ShownConfiguration::queryLog() const {
  const std::scoped_lock lock(mutex_);
  return queryLog_;
}

}  // namespace taut
