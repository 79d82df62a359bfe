#include "effective_values.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "taut/base/quoted.hpp"
#include "taut/base/units.hpp"

namespace taut::config {

namespace {

std::string numberText(const Key& key, std::int64_t number) {
  if (key.type == ValueType::size) return quoted(sizeText(number));
  return key.type == ValueType::duration ? quoted(durationText(number)) : std::to_string(number);
}

// As TOML or JSON, which differ in how a text has to be said.
template <typename Quote>
std::string textOf(const Key& key, const Value& value, const Quote& quote) {
  if (const auto* const flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* const number = std::get_if<std::int64_t>(&value)) return numberText(key, *number);
  if (key.type == ValueType::secret) return quote("(hidden)");
  if (const auto* const text = std::get_if<std::string>(&value)) return quote(*text);
  std::string list;
  for (const Item& item : std::get<std::vector<Item>>(value)) list += (list.empty() ? "" : ", ") + quote(item.text);
  return '[' + list + ']';
}

class Collector {
 public:
  explicit Collector(const Settings& settings) : settings_(settings) {}

  std::vector<EffectiveValue> run() {
    for (const Key& key : schema()) add(key);
    return std::move(values_);
  }

 private:
  void add(const Key& key);
  void addNamed(const Key& key);
  void addListed(const Key& key, std::string_view list);
  void add(const Key& key, std::string path, const Setting& setting) {
    values_.push_back({std::move(path), textOf(key, setting.value, quotedForFile), textOf(key, setting.value, quoted),
                       setting.origin, &key});
    if (key.type == ValueType::secret)
      values_.back().secret = std::hash<std::string>()(std::get<std::string>(setting.value));
  }

  const Settings& settings_;
  std::vector<EffectiveValue> values_;
};

void Collector::add(const Key& key) {
  const std::size_t bracket = key.path.find("[]");
  if (bracket != key.path.npos) {
    addListed(key, key.path.substr(0, bracket));
  } else if (key.path.find('*') != key.path.npos) {
    addNamed(key);
  } else if (const Setting* const setting = settings_.find(key.path)) {
    add(key, std::string(key.path), *setting);
  } else if (!key.preset.empty()) {
    add(key, std::string(key.path), {presetOf(key), {}});
  }
}

void Collector::addNamed(const Key& key) {
  for (const auto& [path, setting] : settings_.values())
    if (findKeyFor(path) == &key) add(key, path, setting);
}

void Collector::addListed(const Key& key, std::string_view list) {
  if (isOfServedZone(key)) return;
  std::size_t index = 0;
  for (const Table& table : settings_.tables(list)) {
    const auto placed = [&](std::string_view path) {
      return fmt::format("{}[{}]{}", list, index, path.substr(list.size() + 2));
    };
    if (const Setting* const setting = table.find(key)) add(key, placed(key.path), *setting);
    if (key.path.ends_with('*'))
      for (const Table::Named& named : table.named()) add(key, placed(named.path), named.setting);
    ++index;
  }
}

}  // namespace

std::vector<EffectiveValue> effectiveValues(const Settings& settings) {
  return Collector(settings).run();
}

std::vector<ValueChange> differences(const std::vector<EffectiveValue>& before,
                                     const std::vector<EffectiveValue>& after) {
  std::map<std::string_view, const EffectiveValue*> known;
  for (const EffectiveValue& value : before) known.emplace(value.path, &value);
  std::vector<ValueChange> changes;
  for (const EffectiveValue& value : after) {
    const auto found = known.extract(value.path);
    if (!found)
      changes.push_back({std::nullopt, value});
    else if (found.mapped()->text != value.text || found.mapped()->secret != value.secret)
      changes.push_back({*found.mapped(), value});
  }
  for (const EffectiveValue& value : before)
    if (known.contains(value.path)) changes.push_back({value, std::nullopt});
  return changes;
}

}  // namespace taut::config
