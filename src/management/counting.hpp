// One of several, such as of the connections that there are: counted while it lives.
#pragma once

#include <cstddef>

namespace taut {

class Counting {
 public:
  explicit Counting(std::size_t& count) noexcept : count_(count) { ++count_; }
  Counting(const Counting&) = delete;
  Counting& operator=(const Counting&) = delete;
  ~Counting() { --count_; }

 private:
  std::size_t& count_;
};

}  // namespace taut
