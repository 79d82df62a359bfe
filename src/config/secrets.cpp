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
  Mistakes mistakes;
  const auto check = [&mistakes](const std::string& path, const Origin& origin) {
    if (const auto wrong = wrongMode(path))
      mistakes.push_back({Origin::inFile(std::make_shared<const std::string>(path), 1, 1),
                          fmt::format("{} ({})", *wrong, origin.toText())});
  };
  const auto named = std::ranges::find(configuration.values, "server.cookies.secrets-file", &EffectiveValue::path);
  if (named != configuration.values.end()) check(configuration.server.cookieSecrets, named->origin);
  for (const TsigSettings& key : configuration.keys) check(key.secretFile, key.origin);
  return mistakes;
}

}  // namespace taut::config
