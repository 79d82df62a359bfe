#include "configuration_text.hpp"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "json_text.hpp"

namespace taut {

namespace {

// A path need not be UTF-8, and is a text all the same.
Json valueOf(const ShownValue& value) {
  Json json = Json::parse(value.json, nullptr, false);
  return json.is_discarded() ? Json(value.text) : json;
}

Json valueOf(const std::optional<ShownValue>& value) {
  return value ? valueOf(*value) : Json();
}

}  // namespace

std::string valuesText(const std::vector<ShownValue>& values) {
  std::string text;
  for (const ShownValue& value : values) text += fmt::format("{} = {}  # {}\n", value.key, value.text, value.origin);
  return text;
}

std::string valuesJson(const std::vector<ShownValue>& values) {
  Json list = Json::array();
  for (const ShownValue& value : values)
    list.push_back({{"key", value.key}, {"value", valueOf(value)}, {"origin", value.origin}});
  Json object;
  object["values"] = std::move(list);
  return toLine(object);
}

std::string changesText(const ConfigurationChanges& changes) {
  std::string text;
  for (const ShownChange& change : changes.changes) {
    const ShownValue& value = change.either();
    const std::string now = change.after ? fmt::format("{} = {}", value.key, value.text) : value.key + " is not given";
    text += fmt::format("{}: {}, was {}{}\n", value.origin, now, change.before ? change.before->text : "not given",
                        change.needsRestart ? "; needs a restart" : "");
  }
  if (changes.more > 0) text += fmt::format("and {} more\n", changes.more);
  if (text.empty() && changes.errors.empty()) return "a reload would change no value\n";
  return text;
}

std::string changesJson(const ConfigurationChanges& changes) {
  Json list = Json::array();
  for (const ShownChange& change : changes.changes)
    list.push_back({{"key", change.either().key},
                    {"before", valueOf(change.before)},
                    {"after", valueOf(change.after)},
                    {"origin", change.either().origin},
                    {"needs_restart", change.needsRestart}});
  Json object;
  object["changes"] = std::move(list);
  object["more"] = changes.more;
  object["errors"] = changes.errors;
  return toLine(object);
}

}  // namespace taut
