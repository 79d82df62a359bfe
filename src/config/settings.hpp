// What the front ends read, before it is known whether it makes sense: values by their paths in the schema, each with
// its origin. The types are those of the schema, the ranges are kept, and texts are not looked into.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
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

// The list as a file has it.
std::string textOf(const std::vector<Item>& items);

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

  // The same for a key with a star: the path has the name in its place.
  struct Named {
    std::string path;
    Setting setting;
  };
  void setNamed(std::string path, Setting setting) { named_.push_back({std::move(path), std::move(setting)}); }
  const std::vector<Named>& named() const { return named_; }

  // A value that was given and is a mistake: it is not missing as well.
  void refuse() { hasRefused_ = true; }
  bool hasRefused() const { return hasRefused_; }

 private:
  Origin origin_;
  bool hasRefused_ = false;
  std::vector<std::pair<const Key*, Setting>> settings_;
  std::vector<Named> named_;
};

class Settings {
 public:
  // Of keys outside lists of tables; the second value for a path takes the place of the first.
  void set(std::string_view path, Setting setting) { values_.insert_or_assign(std::string(path), std::move(setting)); }
  const Setting* find(std::string_view path) const;

  // Adds a text to a list; the list has the origin of its first text.
  void append(std::string_view path, std::string_view text, const Origin& origin);

  // Adds a table to the list of this name. A list within a table of another list has that one's place in its name:
  // `view[0].zone`.
  Table& add(std::string_view list, const Origin& origin) { return tables_[std::string(list)].emplace_back(origin); }
  const std::deque<Table>& tables(std::string_view list) const;
  std::deque<Table> takeTables(std::string_view list);

  const std::map<std::string, Setting, std::less<>>& values() const { return values_; }

  // A value that was given and is a mistake: it is not missing as well.
  void refuse(std::string_view path) { refused_.emplace(path); }
  bool isRefused(std::string_view path) const { return refused_.contains(path); }

  // Takes a value out.
  std::optional<Setting> take(std::string_view path);

  // That there is such a table, whether or not it holds anything; within a list likewise `view[0].forward`.
  void noteTable(std::string_view path, const Origin& origin) { noted_.emplace(path, origin); }
  const Origin* findTable(std::string_view path) const;
  const std::map<std::string, Origin, std::less<>>& notedTables() const { return noted_; }

  // Where a file is read, the start of the first one: the place of what is missing altogether.
  const std::optional<Origin>& start() const { return start_; }
  void setStart(Origin origin) { start_ = std::move(origin); }

  // The files that the settings come from, and the folders, with a slash at the end, where some are looked for; with
  // the place that names them.
  void noteFile(std::string path, const Origin& origin) { files_.push_back({std::move(path), origin}); }
  std::vector<Item> takeFiles() { return std::exchange(files_, {}); }

  // What `over` says takes the place of what is said here: each value, and each list of tables as a whole.
  void overlay(Settings over);

 private:
  std::set<std::string, std::less<>> refused_;
  std::optional<Origin> start_;
  std::vector<Item> files_;
  std::map<std::string, Origin, std::less<>> noted_;
  std::map<std::string, Setting, std::less<>> values_;
  std::map<std::string, std::deque<Table>, std::less<>> tables_;
};

// The preset of a key that has one.
Value presetOf(const Key& key);

}  // namespace taut::config
