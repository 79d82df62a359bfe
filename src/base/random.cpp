#include "taut/base/random.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace taut {

namespace {

// Numbers that were not given out yet. Those that were are overwritten, so that a leak of memory does not reveal them.
struct Reserve {
  std::array<std::uint8_t, 256> bytes;
  std::size_t used = sizeof bytes;

  void draw(void* into, std::size_t size) noexcept {
    if (bytes.size() - used < size) {
      fillRandom(bytes);
      used = 0;
    }
    std::memcpy(into, bytes.data() + used, size);
    std::memset(bytes.data() + used, 0, size);
    used += size;
  }
};

thread_local Reserve reserve;

}  // namespace

void fillRandom(MutableByteSpan bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
    if (got > 0)
      bytes = bytes.subspan(static_cast<std::size_t>(got));
    else if (errno != EINTR)
      std::abort();  // the kernel lacks the call: predictable numbers would be worse than no server
  }
}

std::uint16_t randomU16() noexcept {
  std::uint16_t value;
  reserve.draw(&value, sizeof value);
  return value;
}

std::uint64_t randomU64() noexcept {
  std::uint64_t value;
  reserve.draw(&value, sizeof value);
  return value;
}

}  // namespace taut
