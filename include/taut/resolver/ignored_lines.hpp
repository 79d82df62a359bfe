// Lines of an operator's file that were not understood: how many there are, and where the first few are found.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace taut {

class IgnoredLines {
 public:
  static constexpr std::size_t maxNumbers = 10;  // so that a file that is something else does not fill the log

  void add(std::size_t number) {
    if (numbers_.size() < maxNumbers) numbers_.push_back(number);
    ++count_;
  }

  std::size_t count() const { return count_; }
  const std::vector<std::size_t>& numbers() const { return numbers_; }  // from 1, `maxNumbers` at most

  // A warning for each of the numbers, and one for all that follow.
  void log(std::string_view path, std::string_view expected) const;

 private:
  std::vector<std::size_t> numbers_;
  std::size_t count_ = 0;
};

}  // namespace taut
