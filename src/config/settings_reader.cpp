#include "settings_reader.hpp"

#include <algorithm>
#include <ranges>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "expectation.hpp"
#include "suggestion.hpp"
#include "taut/base/units.hpp"

namespace taut::config {

namespace {

// The path without its last part, with its dot; and the last part.
std::pair<std::string_view, std::string_view> split(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  return dot == path.npos ? std::pair(std::string_view(), path)
                          : std::pair(path.substr(0, dot + 1), path.substr(dot + 1));
}

// Where the keys of the table stand in a file: `in [server]`, `in [[zone]]`.
std::string place(std::string_view prefix) {
  if (prefix.ends_with('.')) prefix.remove_suffix(1);
  return prefix.empty() ? "at the top of the file" : "in " + tableHeader(prefix);
}

// The key that a path means which leaves out that a table is one of a list; null where there is none.
const Key* keyWithin(std::string_view path) {
  const auto isMeant = [path](const Key& key) { return key.path.find('[') != path.npos && inFile(key.path) == path; };
  const auto found = std::ranges::find_if(schema(), isMeant);
  return found == schema().end() ? nullptr : &*found;
}

// Whether the key is one of a table that stands by itself too, as `view[].forward.servers`.
bool isCopy(const Key& key) {
  const std::size_t list = key.path.find("[].");
  return list != key.path.npos && findKey(key.path.substr(list + 3)) != nullptr;
}

// Where else a key of this name belongs; null where there is none, or several.
const Key* sameNameElsewhere(std::string_view name) {
  const Key* found = nullptr;
  for (const Key& key : schema()) {
    if (split(key.path).second != name || isCopy(key)) continue;
    if (found) return nullptr;
    found = &key;
  }
  return found;
}

// Whether what stands there belongs to a table that may hold tables and values of any type.
bool isWithinFreeTable(std::string_view path) {
  const Key* const key = findKeyFor(path);
  return key && key->type == ValueType::any;
}

std::string describe(const TomlValue& value) {
  struct Describe {
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(const std::string& text) const { return fmt::format("the text \"{}\"", text); }
    std::string operator()(const std::vector<TomlValue>&) const { return "a list"; }
    std::string operator()(const TomlOther& other) const { return std::string(other.kind); }
  };
  return std::visit(Describe(), value.value);
}

}  // namespace

std::string unknownKey(std::string_view path) {
  const auto [prefix, name] = split(path);
  const std::vector<std::string_view> names = namesWithin(prefix);
  std::string text = fmt::format("'{}' is not known {}", name, place(prefix));
  if (const auto meant = nearest(name, names)) return text + fmt::format("; did you mean '{}'?", *meant);
  const Key* const meantKey = keyWithin(path);
  if (const Key* const elsewhere = meantKey ? meantKey : sameNameElsewhere(name))
    return text + fmt::format("; expected it {}", place(split(elsewhere->path).first));
  return text + fmt::format("; expected one of {}", fmt::join(names, ", "));
}

bool SettingsReader::enterTable(const std::string& path, const Origin& origin) {
  if (isWithinFreeTable(path)) return true;
  switch (placeOf(path)) {
    case Place::table:
      settings_.noteTable(placed(path), origin);
      return true;
    case Place::list:
      mistake(origin, fmt::format("'{0}' is a list of tables; expected [[{0}]]", inFile(path)));
      return false;
    case Place::key:
      mistake(origin, fmt::format("'{}' is no table; expected {}", inFile(path), expectation(keyOf(path))));
      return false;
    case Place::unknown:
      break;
  }
  mistake(origin, unknownKey(path));
  return false;
}

bool SettingsReader::enterListedTable(const std::string& path, const Origin& origin) {
  const std::string name = path.substr(0, path.size() - 2);
  if (isWithinFreeTable(name)) {
    mistake(origin,
            fmt::format("'{}' is a list of tables; expected {}", split(name).second, expectation(*findKeyFor(name))));
    return false;
  }
  switch (placeOf(name)) {
    case Place::list: {
      const std::string list = placed(name);
      table_ = &settings_.add(list, origin);
      listed_.push_back({path, fmt::format("{}[{}]", list, settings_.tables(list).size() - 1), table_});
      return true;
    }
    case Place::table:
      mistake(origin, fmt::format("'{0}' is one table; expected [{0}]", inFile(name)));
      return false;
    case Place::key:
      mistake(origin, fmt::format("'{}' is no list of tables; expected {}", inFile(name), expectation(keyOf(name))));
      return false;
    case Place::unknown:
      break;
  }
  mistake(origin, unknownKey(name));
  return false;
}

void SettingsReader::leaveListedTable() {
  listed_.pop_back();
  table_ = listed_.empty() ? nullptr : listed_.back().table;
}

// `view[0].zone` for `view[].zone`, while the first [[view]] is being read.
std::string SettingsReader::placed(const std::string& path) const {
  return listed_.empty() ? path : listed_.back().placed + path.substr(listed_.back().path.size());
}

void SettingsReader::addForeignKey(const std::string& key, const Origin& origin) {
  mistake(origin, fmt::format("'{}' is not known; expected letters, digits, '-' and '_' in a key", key));
}

void SettingsReader::addValue(const std::string& path, const Origin& origin, TomlValue value) {
  if (const Key* const key = findKeyFor(path)) {
    if (auto read = this->read(*key, value))
      set(*key, path, origin, {std::move(*read), value.origin});
    else if (table_)
      table_->refuse();
    else
      settings_.refuse(path);
    return;
  }
  const auto* const list = std::get_if<std::vector<TomlValue>>(&value.value);
  switch (placeOf(path)) {
    case Place::list:
      if (!list || !list->empty())
        mistake(value.origin,
                fmt::format("'{0}' is a list of tables; expected [[{0}]], not {1}", inFile(path), describe(value)));
      return;
    case Place::table:
      mistake(value.origin, fmt::format("'{0}' is a table; expected [{0}], not {1}", inFile(path), describe(value)));
      return;
    default:
      mistake(origin, unknownKey(path));
  }
}

void SettingsReader::set(const Key& key, const std::string& path, const Origin& origin, Setting setting) {
  if (table_ && key.path.ends_with('*')) return table_->setNamed(path, std::move(setting));
  if (table_) return table_->set(key, std::move(setting));
  if (const Setting* const first = settings_.find(path)) {
    mistake(origin, fmt::format("'{}' is there already ({}); expected it once", path, first->origin.toText()));
    return;
  }
  settings_.set(path, std::move(setting));
}

std::optional<Value> SettingsReader::read(const Key& key, const TomlValue& value) {
  const auto* const values = std::get_if<std::vector<TomlValue>>(&value.value);
  const bool isList = key.list || (key.type == ValueType::any && values);
  if (isList != (values != nullptr)) {
    wrongType(key, value, key.list);
    return std::nullopt;
  }
  if (!isList) return readOne(key, value);
  std::vector<Item> items;
  for (const TomlValue& item : *values) {
    if (key.type == ValueType::any && !std::holds_alternative<std::string>(item.value)) {
      wrongType(key, item, true);
      continue;
    }
    auto read = readOne(key, item);
    if (auto* const text = read ? std::get_if<std::string>(&*read) : nullptr)
      items.push_back({std::move(*text), item.origin});
  }
  return items;
}

std::optional<Value> SettingsReader::readOne(const Key& key, const TomlValue& value) {
  const auto* const text = std::get_if<std::string>(&value.value);
  const auto* const number = std::get_if<std::int64_t>(&value.value);
  const auto* const flag = std::get_if<bool>(&value.value);
  std::optional<Value> read;
  const auto accept = [&](std::optional<std::int64_t> found) {
    if (found && *found >= key.least && *found <= key.most) read = *found;
  };
  switch (key.type) {
    case ValueType::boolean:
      if (flag) read = *flag;
      break;
    case ValueType::count:
      if (number) accept(*number);
      break;
    case ValueType::size:
      if (number) accept(*number);
      if (text) accept(parseSize(*text));
      break;
    case ValueType::duration:
      if (text) accept(parseDuration(*text));
      break;
    case ValueType::any:
      if (flag) return *flag;
      if (number) return *number;
      [[fallthrough]];
    case ValueType::textOrFalse:
      if (flag && !*flag) read = false;
      [[fallthrough]];
    default:
      if (!text) break;
      if (auto accepted = readText(key, *text, value.origin)) return Value(std::move(*accepted));
      return std::nullopt;
  }
  if (!read) wrongType(key, value, false);
  return read;
}

std::optional<std::string> SettingsReader::readText(const Key& key, const std::string& text, const Origin& origin) {
  auto replaced = replaceVariables(text, origin);
  if (!replaced) return std::nullopt;
  const auto size = static_cast<std::int64_t>(replaced->size());
  const bool fits = !key.hasRange() || (size >= key.least && size <= key.most);
  const bool isChoice = key.choices.empty() || std::ranges::find(key.choices, *replaced) != key.choices.end();
  // A NUL ends a path for the system, and the rest of it would be passed over.
  const bool isWhole = !replaced->empty() && replaced->find('\0') == std::string::npos;
  if (fits && isChoice && isWhole) return replaced;
  wrongType(key, {std::move(*replaced), origin}, false);
  return std::nullopt;
}

// The name of an option is the handler's own, and is not known here.
void SettingsReader::wrongType(const Key& key, const TomlValue& value, bool list) {
  if (key.type == ValueType::any)
    return mistake(value.origin, fmt::format("expected {}, not {}", expectationOfOne(key), describe(value)));
  if (key.type == ValueType::secret)  // which is not repeated
    return mistake(value.origin, fmt::format("'{}': expected {}", split(key.path).second, expectationOfOne(key)));
  mistake(value.origin, fmt::format("'{}': expected {}, not {}", split(key.path).second,
                                    list ? expectation(key) : expectationOfOne(key), describe(value)));
}

std::optional<std::string> SettingsReader::replaceVariables(const std::string& text, const Origin& origin) {
  constexpr std::string_view opening = "${";
  if (!findVariable_) return text;
  std::string replaced;
  std::string_view rest = text;
  for (std::size_t at = rest.find(opening); at != rest.npos; at = rest.find(opening)) {
    replaced.append(rest.substr(0, at));
    if (at > 0 && rest[at - 1] == '$') {
      replaced.push_back('{');
      rest.remove_prefix(at + opening.size());
      continue;
    }
    const std::size_t end = rest.find('}', at);
    if (end == rest.npos) {
      mistake(origin, "'${' without an end; expected ${NAME}, or $${ for the characters themselves");
      return std::nullopt;
    }
    const std::string_view name = rest.substr(at + opening.size(), end - at - opening.size());
    const auto value = findVariable_(name);
    if (!value) {
      mistake(origin, fmt::format("the environment has no variable '{}'; expected it to be set", name));
      return std::nullopt;
    }
    replaced.append(*value);
    rest.remove_prefix(end + 1);
  }
  return replaced.append(rest);
}

}  // namespace taut::config
