#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "documents.hpp"
#include "expectation.hpp"
#include "schema.hpp"
#include "taut/base/quoted.hpp"

namespace taut::config {

namespace {

std::string indent(std::size_t depth) {
  return '\n' + std::string(2 * depth, ' ');
}

std::string typeOf(const Key& key) {
  switch (key.type) {
    case ValueType::boolean:
      return R"("type": "boolean")";
    case ValueType::count:
      return fmt::format(R"("type": "integer", "minimum": {}, "maximum": {})", key.least, key.most);
    case ValueType::size:
      return fmt::format(R"("type": ["integer", "string"], "minimum": {}, "maximum": {}, "pattern": "^[0-9]+[KMG]?$")",
                         key.least, key.most);
    case ValueType::duration:
      return R"("type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$")";
    case ValueType::textOrFalse:
      return fmt::format(R"("anyOf": [{{"type": "string", "minLength": 1, "maxLength": {}}}, {{"const": false}}])",
                         key.most);
    case ValueType::any:
      return R"("type": ["boolean", "integer", "string", "array", "object"])";
    case ValueType::choice: {
      std::string choices;
      for (const std::string_view choice : key.choices) choices += (choices.empty() ? "" : ", ") + quoted(choice);
      return fmt::format(R"("enum": [{}])", choices);
    }
    default:
      return key.hasRange() ? fmt::format(R"("type": "string", "minLength": 1, "maxLength": {})", key.most)
                            : R"("type": "string", "minLength": 1)";
  }
}

std::string presetJson(const Key& key) {
  if (key.preset.empty()) return {};
  const bool isBare = key.type == ValueType::boolean || key.type == ValueType::count;
  return fmt::format(R"(, "default": {})", isBare ? std::string(key.preset) : quoted(key.preset));
}

std::string keyJson(const Key& key) {
  const std::string description = fmt::format(R"("description": {})", quoted(key.text));
  if (key.list) return fmt::format(R"({{{}, "type": "array", "items": {{{}}}}})", description, typeOf(key));
  return fmt::format("{{{}, {}{}}}", description, typeOf(key), presetJson(key));
}

std::string tableJson(const std::string& prefix, std::size_t depth) {
  const Key* const any = findKey(prefix + "*");
  const bool hasTables =
      std::ranges::any_of(schema(), [named = prefix + "*."](const Key& key) { return key.path.starts_with(named); });
  std::string others = any ? keyJson(*any) : "false";
  if (hasTables) {
    const std::string table = tableJson(prefix + "*.", depth + 1);
    others = any ? fmt::format(R"({{"anyOf": [{}, {}]}})", others, table) : table;
  }
  std::string properties;
  for (const std::string_view name : namesWithin(prefix)) {
    const std::string path = prefix + std::string(name);
    std::string json;
    switch (placeOf(path)) {
      case Place::table:
        json = tableJson(path + ".", depth + 2);
        break;
      case Place::list:
        json = fmt::format(R"({{"type": "array", "items": {}}})", tableJson(path + "[].", depth + 2));
        break;
      default:
        json = keyJson(keyOf(path));
    }
    properties += fmt::format("{}{}{}: {}", properties.empty() ? "" : ",", indent(depth + 2), quoted(name), json);
  }
  return fmt::format("{{{0}\"type\": \"object\",{0}\"additionalProperties\": {1},{0}\"properties\": {{{2}{0}}}{3}}}",
                     indent(depth + 1), others, properties, indent(depth));
}

}  // namespace

std::string jsonSchema() {
  std::string json = tableJson("", 0);
  json.insert(1, indent(1) + R"("$schema": "http://json-schema.org/draft-07/schema#",)" + indent(1) +
                     R"("title": "The configuration file of taut",)");
  return json + '\n';
}

}  // namespace taut::config
