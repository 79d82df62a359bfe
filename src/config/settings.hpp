// What the front ends read, before it is known whether it makes sense: values by their paths in the schema, each with
// its origin. The types are those of the schema, the ranges are kept, and texts are not looked into.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "origin.hpp"
#include "schema.hpp"

namespace taut::config {

// One text of a list.
struct Item {
  std::string text;
  Origin origin;
};

// Counts as they are, sizes in octets, durations in milliseconds. `false` of a textOrFalse is a boolean.
using Value = std::variant<bool, std::int64_t, std::string, std::vector<Item>>;

struct Setting {
  Value value;
  Origin origin;
};

// One table of a list, such as a [[zone]]: few settings, by their paths.
class Table {
 public:
  explicit Table(Origin origin) : origin_(std::move(origin)) {}

  const Origin& origin() const { return origin_; }
  // The key is one of the schema's.
  void set(const Key& key, Setting setting) { settings_.emplace_back(&key, std::move(setting)); }
  const Setting* find(const Key& key) const;

 private:
  Origin origin_;
  std::vector<std::pair<const Key*, Setting>> settings_;
};

class Settings {
 public:
  // Of keys outside lists of tables; the second value for a path takes the place of the first.
  void set(std::string_view path, Setting setting) { values_.insert_or_assign(std::string(path), std::move(setting)); }
  const Setting* find(std::string_view path) const;

  // Adds a text to a list; the list has the origin of its first text.
  void append(std::string_view path, std::string_view text, const Origin& origin);

  // Adds a table to the list of this name.
  Table& add(std::string_view list, const Origin& origin) { return tables_[std::string(list)].emplace_back(origin); }
  const std::vector<Table>& tables(std::string_view list) const;

  const std::map<std::string, Setting, std::less<>>& values() const { return values_; }

 private:
  std::map<std::string, Setting, std::less<>> values_;
  std::map<std::string, std::vector<Table>, std::less<>> tables_;
};

// The preset of a key that has one.
Value presetOf(const Key& key);

}  // namespace taut::config
