// Where a value of the configuration comes from, and what is wrong with one: every message about the configuration
// begins with the place that the operator has to look at.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace taut::config {

class Origin {
 public:
  enum class Kind : std::uint8_t { preset, file, environment, commandLine };

  Origin() = default;  // the server's own default

  // Line and column count from 1. The path is shared by all values of a file.
  static Origin inFile(std::shared_ptr<const std::string> path, std::uint32_t line, std::uint32_t column) {
    return {Kind::file, std::move(path), line, column};
  }
  static Origin ofVariable(std::string_view name) {
    return {Kind::environment, std::make_shared<const std::string>(name), 0, 0};
  }
  static Origin ofOption(std::string_view name) {
    return {Kind::commandLine, std::make_shared<const std::string>(name), 0, 0};
  }

  Kind kind() const { return kind_; }

  // Files come first, by their paths, each in its order.
  friend std::weak_ordering operator<=>(const Origin& left, const Origin& right);
  friend bool operator==(const Origin& left, const Origin& right) { return (left <=> right) == 0; }

  // `FILE:LINE:COLUMN`, the variable's name, the option's name, or `default`.
  std::string toText() const;

  // The folder that relative paths lead from: that of the file, and otherwise none, which is where the process runs.
  std::string folder() const;

 private:
  Origin(Kind kind, std::shared_ptr<const std::string> source, std::uint32_t line, std::uint32_t column)
      : source_(std::move(source)), line_(line), column_(column), kind_(kind) {}

  std::shared_ptr<const std::string> source_;
  std::uint32_t line_ = 0;
  std::uint32_t column_ = 0;
  Kind kind_ = Kind::preset;
};

// What is wrong, and what was expected.
struct Mistake {
  Origin origin;
  std::string text;

  std::string toText() const { return origin.toText() + ": " + text; }
};

using Mistakes = std::vector<Mistake>;

}  // namespace taut::config
