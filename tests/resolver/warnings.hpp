// Gathers the warnings of the log while it lives, for tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "taut/base/log.hpp"

namespace taut::test {

class Warnings {
 public:
  Warnings() {
    log::setSink([this](log::Level level, std::string_view line) {
      if (level == log::Level::warning) lines_.emplace_back(line);
    });
  }
  Warnings(const Warnings&) = delete;
  Warnings& operator=(const Warnings&) = delete;
  ~Warnings() { log::setSink({}); }

  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

}  // namespace taut::test
