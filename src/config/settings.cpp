#include "settings.hpp"

#include <fmt/format.h>

#include "taut/base/parse_number.hpp"
#include "taut/base/units.hpp"

namespace taut::config {

std::string textOf(const std::vector<Item>& items) {
  std::string text;
  for (const Item& item : items) text += fmt::format("{}\"{}\"", text.empty() ? "[" : ", ", item.text);
  return text + "]";
}

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

const std::deque<Table>& Settings::tables(std::string_view list) const {
  static const std::deque<Table> none;
  const auto found = tables_.find(list);
  return found == tables_.end() ? none : found->second;
}

std::deque<Table> Settings::takeTables(std::string_view list) {
  const auto found = tables_.find(list);
  return found == tables_.end() ? std::deque<Table>() : std::exchange(found->second, {});
}

std::optional<Setting> Settings::take(std::string_view path) {
  const auto found = values_.find(path);
  if (found == values_.end()) return std::nullopt;
  return std::move(values_.extract(found).mapped());
}

const Origin* Settings::findTable(std::string_view path) const {
  const auto found = noted_.find(path);
  return found == noted_.end() ? nullptr : &found->second;
}

void Settings::overlay(Settings over) {
  for (auto& [path, setting] : over.values_) values_.insert_or_assign(path, std::move(setting));
  for (auto& [name, tables] : over.tables_) {
    const auto isWithin = [prefix = name + '['](const auto& entry) { return entry.first.starts_with(prefix); };
    if (name.find('[') == std::string::npos) {
      std::erase_if(tables_, isWithin);
      std::erase_if(noted_, isWithin);
    }
    tables_.insert_or_assign(name, std::move(tables));
  }
  noted_.merge(over.noted_);
  refused_.merge(over.refused_);
}

Value presetOf(const Key& key) {
  switch (key.type) {
    case ValueType::boolean:
      return key.preset == "true";
    case ValueType::count:
      return parseNumber<std::int64_t>(key.preset).value();
    case ValueType::size:
      return parseSize(key.preset).value();
    case ValueType::duration:
      return parseDuration(key.preset).value();
    default:
      return std::string(key.preset);
  }
}

}  // namespace taut::config
