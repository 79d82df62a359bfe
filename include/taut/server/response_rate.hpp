// How many responses a client may get.
#pragma once

#include <cstdint>

namespace taut {

// How many responses a second one network gets, of one kind and of all kinds together; 0: no limit.
struct ResponseRate {
  std::uint32_t ofKind = 0;
  std::uint32_t all = 0;

  friend bool operator==(const ResponseRate&, const ResponseRate&) = default;
};

}  // namespace taut
