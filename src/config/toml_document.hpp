// TOML 1.0 text, read to its end or to its first syntax error. The library that parses it stays in one file.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "origin.hpp"

namespace taut::config {

// A value of a kind that no key has, by what it is called: "a date".
struct TomlOther {
  std::string_view kind;
};

struct TomlValue {
  std::variant<bool, std::int64_t, std::string, std::vector<TomlValue>, TomlOther> value;
  Origin origin;
};

// Hears what a document holds. A path has the form of the schema's: `server.identity`, `zone[].name`.
class TomlVisitor {
 public:
  virtual ~TomlVisitor() = default;

  // A table begins: one by itself, or one of a list. Its content is passed over where the answer is false.
  virtual bool enterTable(const std::string& path, const Origin& origin) = 0;
  virtual bool enterListedTable(const std::string& path, const Origin& origin) = 0;
  virtual void leaveListedTable() = 0;

  // The origin is that of the key; the value has its own.
  virtual void addValue(const std::string& path, const Origin& origin, TomlValue value) = 0;

  // Whether the names in a table, whose path ends with a dot, may have characters that stand in quotes. They have their
  // quotes in the paths that are heard.
  virtual bool takesAnyName(const std::string& prefix) const = 0;

  // A key with characters that no key of the schema has.
  virtual void addForeignKey(const std::string& key, const Origin& origin) = 0;
};

// The origin of what stands at this place of the text; line and column count from 1.
using MakeOrigin = std::function<Origin(std::uint32_t line, std::uint32_t column)>;

// Parses the text, then has the visitor hear of it, keys in alphabetical order. A syntax error is returned, and nothing
// is heard then.
std::optional<Mistake> readToml(std::string text, const MakeOrigin& makeOrigin, TomlVisitor& visitor);

}  // namespace taut::config
