#include "load.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "effective_values.hpp"
#include "file_reader.hpp"
#include "recursion_reader.hpp"
#include "validate.hpp"

namespace taut::config {

Result<Configuration, Mistakes> load(const Sources& sources) {
  Settings settings;
  Mistakes mistakes;
  const FindVariable findVariable = [&](std::string_view name) { return sources.environment.find(name); };
  if (!sources.file.empty()) FileReader(settings, mistakes, findVariable).read(sources.file);
  settings.overlay(sources.environment.read(mistakes));
  settings.overlay(sources.commandLine);
  implyRecursion(settings);
  auto values = effectiveValues(settings);
  auto configuration = validate(std::move(settings), mistakes);
  if (configuration) {
    configuration->values = std::move(values);
    return std::move(*configuration);
  }
  std::ranges::stable_sort(mistakes, {}, &Mistake::origin);
  return Failure(std::move(mistakes));
}

std::string chooseFile(const std::string& given, const Settings& commandLine, const std::string& otherwise) {
  if (!given.empty()) return given;
  constexpr std::string_view sources[] = {"hosts-file", "forward.servers", "forward.resolv-conf", "recursion.enabled"};
  const auto says = [&](std::string_view path) { return commandLine.find(path) != nullptr; };
  const bool served = std::ranges::any_of(sources, says) || !commandLine.tables("zone").empty() ||
                      !commandLine.tables("zone-list").empty();
  std::error_code error;
  return !served && std::filesystem::exists(otherwise, error) ? otherwise : std::string();
}

}  // namespace taut::config
