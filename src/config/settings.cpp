#include "settings.hpp"

#include <charconv>

#include "units.hpp"

namespace taut::config {

const Setting* Table::find(const Key& key) const {
  for (const auto& [known, setting] : settings_)
    if (known == &key) return &setting;
  return nullptr;
}

const Setting* Settings::find(std::string_view path) const {
  const auto found = values_.find(path);
  return found == values_.end() ? nullptr : &found->second;
}

void Settings::append(std::string_view path, std::string_view text, const Origin& origin) {
  const auto [entry, isNew] = values_.try_emplace(std::string(path), Setting{std::vector<Item>(), origin});
  std::get<std::vector<Item>>(entry->second.value).push_back({std::string(text), origin});
}

const std::vector<Table>& Settings::tables(std::string_view list) const {
  static const std::vector<Table> none;
  const auto found = tables_.find(list);
  return found == tables_.end() ? none : found->second;
}

Value presetOf(const Key& key) {
  std::int64_t number = 0;
  switch (key.type) {
    case ValueType::boolean:
      return key.preset == "true";
    case ValueType::count:
      std::from_chars(key.preset.data(), key.preset.data() + key.preset.size(), number);
      return number;
    case ValueType::size:
      return parseSize(key.preset).value();
    case ValueType::duration:
      return parseDuration(key.preset).value();
    default:
      return std::string(key.preset);
  }
}

}  // namespace taut::config
