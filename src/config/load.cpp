#include "load.hpp"

#include <malloc.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "file_reader.hpp"
#include "validate.hpp"

namespace taut::config {

namespace {

// Others than the owner and the group may not even know how a secret looks.
void checkSecrets(const std::string& path, const Origin& named, Mistakes& mistakes) {
  constexpr mode_t most = 0640;
  struct stat status {};
  if (path.empty() || ::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  const mode_t mode = status.st_mode & 07777;
  if ((mode & ~most) == 0) return;
  mistakes.push_back({Origin::inFile(std::make_shared<const std::string>(path), 1, 1),
                      fmt::format("the mode of a file of secrets is {:04o}; expected at most {:04o} ({})", mode, most,
                                  named.toText())});
}

}  // namespace

Result<Configuration, Mistakes> load(const Sources& sources) {
  Settings settings;
  Mistakes mistakes;
  const FindVariable findVariable = [&](std::string_view name) { return sources.environment.find(name); };
  if (!sources.file.empty()) FileReader(settings, mistakes, findVariable).read(sources.file);
  ::malloc_trim(0);  // what the text of a large file and its tree have left
  settings.overlay(sources.environment.read(mistakes));
  settings.overlay(sources.commandLine);
  const Setting* const secrets = settings.find("server.cookies.secrets-file");
  const Origin named = secrets ? secrets->origin : Origin();
  auto configuration = validate(std::move(settings), mistakes);
  if (configuration) checkSecrets(configuration->server.cookieSecrets, named, mistakes);
  if (mistakes.empty()) return std::move(*configuration);
  std::ranges::stable_sort(mistakes, {}, &Mistake::origin);
  return Failure(std::move(mistakes));
}

std::string chooseFile(const std::string& given, const Settings& commandLine, const std::string& otherwise) {
  if (!given.empty()) return given;
  constexpr std::string_view sources[] = {"hosts-file", "forward.servers", "forward.resolv-conf"};
  const auto says = [&](std::string_view path) { return commandLine.find(path) != nullptr; };
  const bool served = std::ranges::any_of(sources, says) || !commandLine.tables("zone").empty() ||
                      !commandLine.tables("zone-list").empty();
  std::error_code error;
  return !served && std::filesystem::exists(otherwise, error) ? otherwise : std::string();
}

}  // namespace taut::config
