// Reads a TOML document by the schema: finds the key of each value, checks type and range, and collects settings and
// mistakes.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "settings.hpp"
#include "toml_document.hpp"

namespace taut::config {

// The value of a variable of the environment; nothing where it is not set.
using FindVariable = std::function<std::optional<std::string>(std::string_view name)>;

class SettingsReader final : public TomlVisitor {
 public:
  // In texts, `${NAME}` stands for a variable, and `$${` for `${` itself; without a function, for itself. The function
  // outlives the reader.
  SettingsReader(Settings& settings, Mistakes& mistakes, const FindVariable& findVariable)
      : settings_(settings), mistakes_(mistakes), findVariable_(findVariable) {}

  bool enterTable(const std::string& path, const Origin& origin) override;
  bool enterListedTable(const std::string& path, const Origin& origin) override;
  void leaveListedTable() override;
  void addValue(const std::string& path, const Origin& origin, TomlValue value) override;
  bool takesAnyName(const std::string& prefix) const override { return config::takesAnyName(prefix); }
  void addForeignKey(const std::string& key, const Origin& origin) override;

 private:
  // A table of a list that is being read.
  struct Listed {
    std::string path;    // `view[]`
    std::string placed;  // `view[0]`
    Table* table;
  };

  std::string placed(const std::string& path) const;
  void mistake(const Origin& origin, std::string text) { mistakes_.push_back({origin, std::move(text)}); }
  void set(const Key& key, const std::string& path, const Origin& origin, Setting setting);
  std::optional<Value> read(const Key& key, const TomlValue& value);
  std::optional<Value> readOne(const Key& key, const TomlValue& value);
  std::optional<std::string> readText(const Key& key, const std::string& text, const Origin& origin);
  void wrongType(const Key& key, const TomlValue& value, bool list);
  std::optional<std::string> replaceVariables(const std::string& text, const Origin& origin);

  Settings& settings_;
  Mistakes& mistakes_;
  const FindVariable& findVariable_;
  Table* table_ = nullptr;      // of a list of tables, where one is being read: the last of these
  std::vector<Listed> listed_;  // the innermost is the last
};

// What to say of a path that no key has, the path and what was meant by it.
std::string unknownKey(std::string_view path);

}  // namespace taut::config
