#include "secrets.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <memory>

#include <fmt/format.h>

namespace taut::config {

std::optional<std::string> wrongMode(const std::string& path) {
  constexpr mode_t most = 0640;
  struct stat status {};
  if (path.empty() || ::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  const mode_t mode = status.st_mode & 07777;
  if ((mode & ~most) == 0) return std::nullopt;
  return fmt::format("the mode of a file of secrets is {:04o}; expected at most {:04o}", mode, most);
}

Mistakes checkSecrets(const Configuration& configuration) {
  const std::string& path = configuration.server.cookieSecrets;
  const auto wrong = wrongMode(path);
  if (!wrong) return {};
  const auto named = std::ranges::find(configuration.values, "server.cookies.secrets-file", &EffectiveValue::path);
  return {{Origin::inFile(std::make_shared<const std::string>(path), 1, 1),
           fmt::format("{} ({})", *wrong, named->origin.toText())}};
}

}  // namespace taut::config
