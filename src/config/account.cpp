#include "account.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "taut/base/user_name.hpp"

namespace taut::config {

Mistakes checkUser(const Configuration& configuration) {
  if (configuration.user.empty() || findUser(configuration.user)) return {};
  return {{placeOfUser(configuration),
           fmt::format("there is no user '{}'; expected one that `getent passwd` lists", configuration.user)}};
}

Origin placeOfUser(const Configuration& configuration) {
  const auto named = std::ranges::find(configuration.values, "user", &EffectiveValue::path);
  return named == configuration.values.end() ? Origin() : named->origin;
}

}  // namespace taut::config
