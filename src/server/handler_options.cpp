#include "taut/server/handler_options.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "taut/base/units.hpp"

namespace taut {

namespace {

constexpr std::string_view aText = "a text";
constexpr std::string_view aList = "a list of texts";
constexpr std::string_view aPath = "the absolute path of a file";
constexpr std::string_view aDuration = "a duration such as \"10s\"";
constexpr std::string_view aName = "a domain name such as \"example.com\"";
constexpr std::string_view anAddress = "an address such as \"192.0.2.1\" or \"[2001:db8::1]:5300\"";
constexpr std::string_view aNetwork = "a network such as \"192.0.2.0/24\"";

std::string describe(const HandlerOptions::Value& value) {
  struct Describe {
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(const std::string& text) const { return fmt::format("the text \"{}\"", text); }
    std::string operator()(const std::vector<HandlerOptions::Item>&) const { return "a list"; }
  };
  return std::visit(Describe(), value);
}

[[noreturn]] void fail(const std::string& place, std::string_view name, std::string_view expected,
                       const HandlerOptions::Value& value) {
  throw HandlerOptionError(fmt::format("{}: '{}': expected {}, not {}", place, name, expected, describe(value)));
}

}  // namespace

HandlerOptions& HandlerOptions::set(std::string name, Value value, std::string place) {
  options_.insert_or_assign(std::move(name), Option{std::move(value), std::move(place)});
  return *this;
}

const HandlerOptions::Option* HandlerOptions::find(std::string_view name) const {
  askedFor_.emplace(name);
  const auto found = options_.find(name);
  if (found == options_.end()) return nullptr;
  found->second.askedFor = true;
  return &found->second;
}

// Null where there is no such value.
template <typename T>
const T* HandlerOptions::get(std::string_view name, std::string_view expected) const {
  const Option* const option = find(name);
  if (!option) return nullptr;
  const T* const value = std::get_if<T>(&option->value);
  if (!value) fail(option->place, name, expected, option->value);
  return value;
}

void HandlerOptions::missing(std::string_view name, std::string_view expected) const {
  throw HandlerOptionError(fmt::format("{}: there is no '{}'; expected {}", place_, name, expected));
}

void HandlerOptions::reject(std::string_view name, std::string_view expected) const {
  const Option* const option = find(name);
  if (!option) missing(name, expected);
  fail(option->place, name, expected, option->value);
}

bool HandlerOptions::flag(std::string_view name, bool otherwise) const {
  const bool* const value = get<bool>(name, "true or false");
  return value ? *value : otherwise;
}

std::int64_t HandlerOptions::integer(std::string_view name, std::int64_t least, std::int64_t most) const {
  const std::string expected = fmt::format("a whole number from {} to {}", least, most);
  const auto* const value = get<std::int64_t>(name, expected);
  if (!value) missing(name, expected);
  if (*value < least || *value > most) reject(name, expected);
  return *value;
}

std::int64_t HandlerOptions::integer(std::string_view name, std::int64_t least, std::int64_t most,
                                     std::int64_t otherwise) const {
  return has(name) ? integer(name, least, most) : otherwise;
}

std::string HandlerOptions::text(std::string_view name) const {
  const auto* const value = get<std::string>(name, aText);
  if (!value) missing(name, aText);
  return *value;
}

std::string HandlerOptions::text(std::string_view name, std::string_view otherwise) const {
  return has(name) ? text(name) : std::string(otherwise);
}

std::chrono::milliseconds HandlerOptions::duration(std::string_view name) const {
  const auto* const value = get<std::string>(name, aDuration);
  if (!value) missing(name, aDuration);
  const auto milliseconds = parseDuration(*value);
  if (!milliseconds) reject(name, aDuration);
  return std::chrono::milliseconds(*milliseconds);
}

std::chrono::milliseconds HandlerOptions::duration(std::string_view name, std::chrono::milliseconds otherwise) const {
  return has(name) ? duration(name) : otherwise;
}

Name HandlerOptions::name(std::string_view name) const {
  const auto* const value = get<std::string>(name, aName);
  if (!value) missing(name, aName);
  auto parsed = Name::parse(*value);
  if (!parsed) reject(name, aName);
  return std::move(*parsed);
}

Address HandlerOptions::address(std::string_view name, std::uint16_t port) const {
  const auto* const value = get<std::string>(name, anAddress);
  if (!value) missing(name, anAddress);
  const auto parsed = Address::parse(*value, port);
  if (!parsed) reject(name, anAddress);
  return *parsed;
}

std::string HandlerOptions::file(std::string_view name) const {
  const auto* const path = get<std::string>(name, aPath);
  if (!path) missing(name, aPath);
  if (!path->starts_with('/')) reject(name, aPath);
  try {
    files_.insert_or_assign(*path, InputFile(*path, std::numeric_limits<std::uint64_t>::max()).version());
  } catch (const FileError& error) {
    throw HandlerOptionError(fmt::format("{}: '{}': {}: {}", find(name)->place, name, *path, error.what()));
  }
  return *path;
}

bool HandlerOptions::hasChangedFiles() const {
  return std::ranges::any_of(files_, [](const auto& file) { return fileVersion(file.first) != file.second; });
}

template <typename Result, typename Parse>
std::vector<Result> HandlerOptions::list(std::string_view name, std::string_view expected, const Parse& parse) const {
  std::vector<Result> results;
  const auto* const items = get<std::vector<Item>>(name, aList);
  if (!items) return results;
  for (const Item& item : *items) {
    std::optional<Result> result = parse(item.text);
    if (!result) fail(item.place, name, expected, item.text);
    results.push_back(std::move(*result));
  }
  return results;
}

std::vector<std::string> HandlerOptions::texts(std::string_view name) const {
  return list<std::string>(name, aText, [](const std::string& text) { return std::optional(text); });
}

std::vector<Name> HandlerOptions::names(std::string_view name) const {
  return list<Name>(name, aName, [](const std::string& text) { return Name::parse(text); });
}

std::vector<Address> HandlerOptions::addresses(std::string_view name, std::uint16_t port) const {
  return list<Address>(name, anAddress, [port](const std::string& text) { return Address::parse(text, port); });
}

AddressPolicy HandlerOptions::networks(std::string_view name) const {
  AddressPolicy policy(AddressPolicy::Action::refuse);
  list<bool>(name, aNetwork, [&policy](const std::string& text) -> std::optional<bool> {
    try {
      policy.allow(text);
      return true;
    } catch (const std::invalid_argument&) {
      return std::nullopt;
    }
  });
  return policy;
}

void HandlerOptions::requireAllAskedFor() const {
  for (const auto& [name, option] : options_) {
    if (option.askedFor) continue;
    throw HandlerOptionError(fmt::format("{}: '{}' is no option of the handler; {}", option.place, name,
                                         askedFor_.empty()
                                             ? std::string("expected none")
                                             : fmt::format("expected one of {}", fmt::join(askedFor_, ", "))));
  }
}

}  // namespace taut
