#include "environment.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "settings_reader.hpp"
#include "suggestion.hpp"
#include "taut/base/quoted.hpp"
#include "taut/base/text.hpp"
#include "toml_document.hpp"

namespace taut::config {

namespace {

constexpr std::string_view variablePrefix = "TAUT_";

// SERVER__UDP_SIZE is server.udp-size.
std::string pathOf(std::string_view name) {
  std::string path;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (c != '_') {
      path.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 0x20) : c);
    } else if (name.substr(i).starts_with("__")) {
      path.push_back('.');
      ++i;
    } else {
      path.push_back('-');
    }
  }
  return path;
}

std::string variableOf(std::string_view path) {
  std::string name(variablePrefix);
  for (const char c : path) {
    if (c == '.')
      name += "__";
    else
      name.push_back(c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 0x20) : c);
  }
  return name;
}

// A list of tables has a variable for the whole list, by its name.
bool isListOfTables(std::string_view path) {
  return std::ranges::any_of(schema(), [&](const Key& key) {
    return key.path.starts_with(path) && key.path.substr(path.size()).starts_with("[].");
  });
}

const Key* keyFor(const std::string& path) {
  if (const Key* const key = findKey(path)) return key;
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789-.";
  if (path.find_first_not_of(allowed) != std::string::npos) return nullptr;
  return findKeyFor(path);
}

// The name of a key's variable that looks like this one; empty where none does.
std::string similarVariable(const std::string& name) {
  std::vector<std::string> names;
  for (const Key& key : schema())
    if (key.path.find_first_of("[*") == std::string_view::npos) names.push_back(variableOf(key.path));
  const std::vector<std::string_view> views(names.begin(), names.end());
  return std::string(nearest(name, views).value_or(""));
}

// Whether the text is a TOML value of its own, and no text: lists, numbers, and true or false, where the key has these.
bool isTomlValue(const Key* key, const std::string& value) {
  if (!key || key->list) return true;
  const bool isFlag = value == "true" || value == "false";
  if (key->type == ValueType::boolean) return isFlag;
  if (key->type == ValueType::textOrFalse) return value == "false";
  if (key->type != ValueType::count || value.empty()) return false;
  return std::ranges::all_of(value, isDigit);
}

// On one line, so that it is one value.
std::string tomlValue(const Key* key, const std::string& value) {
  if (isTomlValue(key, value)) {
    std::string line = value;
    std::ranges::replace(line, '\n', ' ');
    return line;
  }
  return quoted(value);
}

}  // namespace

Environment Environment::ofProcess() {
  Variables variables;
  for (char** variable = environ; *variable; ++variable) {
    const std::string_view text(*variable);
    const std::size_t equals = text.find('=');
    if (equals != text.npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return Environment(std::move(variables));
}

std::optional<std::string> Environment::find(std::string_view name) const {
  const auto found = variables_.find(name);
  if (found == variables_.end()) return std::nullopt;
  return found->second;
}

Settings Environment::read(Mistakes& mistakes) const {
  Settings settings;
  for (auto entry = variables_.lower_bound(variablePrefix);
       entry != variables_.end() && entry->first.starts_with(variablePrefix); ++entry)
    readVariable(entry->first, entry->second, settings, mistakes);
  return settings;
}

void Environment::readVariable(const std::string& name, const std::string& value, Settings& settings,
                               Mistakes& mistakes) {
  const Origin origin = Origin::ofVariable(name);
  const std::string path = pathOf(std::string_view(name).substr(variablePrefix.size()));
  const Key* const key = keyFor(path);
  if (!key && !isListOfTables(path)) {
    const std::string similar = similarVariable(name);
    if (!similar.empty())
      mistakes.push_back({origin, fmt::format("there is no key '{}'; did you mean {}?", path, similar)});
    else if (path.find('.') != std::string::npos)
      mistakes.push_back({origin, unknownKey(path)});
    return;
  }
  if (path == "include") {
    mistakes.push_back({origin, "'include' is for files; expected it in the configuration file"});
    return;
  }
  const FindVariable none;  // variables within a variable are left alone
  SettingsReader reader(settings, mistakes, none);
  const auto makeOrigin = [&](std::uint32_t, std::uint32_t) { return origin; };
  const std::string line = fmt::format("{} = {}", path, tomlValue(key, value));
  if (auto mistake = readToml(line, makeOrigin, reader)) mistakes.push_back(std::move(*mistake));
}

}  // namespace taut::config
