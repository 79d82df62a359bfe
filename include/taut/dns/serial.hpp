// Serial numbers of zones (RFC 1982): 32 bits that go round, so that each number has as many before it as after it.
#pragma once

#include <cstdint>

namespace taut {

class Serial {
 public:
  explicit constexpr Serial(std::uint32_t value) : value_(value) {}

  constexpr std::uint32_t value() const { return value_; }
  // The number after this one. 0 is left out, because some servers take it for no serial at all.
  constexpr Serial next() const { return Serial(value_ == 0xffffffff ? 1 : value_ + 1); }
  // The number before this one, which is not 0: `previous().next()` is this one.
  constexpr Serial previous() const { return Serial(value_ == 1 ? 0xffffffff : value_ - 1); }

  // Equality alone: what is newer is no order, since three numbers may each be newer than the one before.
  friend constexpr bool operator==(Serial, Serial) = default;

 private:
  std::uint32_t value_;
};

// Whether `a` is greater than `than` (RFC 1982 section 3.2). False both ways where the two are exactly half the numbers
// apart, for which the RFC leaves it undefined.
constexpr bool isNewer(Serial a, Serial than) {
  const std::uint32_t distance = a.value() - than.value();
  return distance != 0 && distance < 0x80000000;
}

}  // namespace taut
