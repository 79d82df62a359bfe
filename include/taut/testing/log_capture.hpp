// The log of a test: what handlers and the server have said.
//
//   const testing::LogCapture log;
//   ask(shard, handler, query("broken.example.com", Type::A));
//   CHECK(log.has("the handler failed"));
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "taut/base/log.hpp"

namespace taut::testing {

// While it lives it has the lines of the log, of all threads, and nothing is written elsewhere. One at a time.
class LogCapture {
 public:
  LogCapture() {
    log::setSink([this](log::Level level, std::string_view line) {
      const std::scoped_lock lock(mutex_);
      lines_.emplace_back(line);
      if (level == log::Level::error) ++errors_;
    });
  }
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;
  ~LogCapture() { log::setSink({}); }

  std::vector<std::string> lines() const {
    const std::scoped_lock lock(mutex_);
    return lines_;
  }
  std::size_t errors() const {
    const std::scoped_lock lock(mutex_);
    return errors_;
  }
  std::size_t count(std::string_view part) const {
    const std::scoped_lock lock(mutex_);
    std::size_t count = 0;
    for (const std::string& line : lines_) count += line.find(part) != std::string::npos ? 1u : 0u;
    return count;
  }
  bool has(std::string_view part) const { return count(part) > 0; }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  std::size_t errors_ = 0;
};

}  // namespace taut::testing
