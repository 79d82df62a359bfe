// What the fuzz targets share. A target is one function over octets that breaks off where a promise is broken;
// libFuzzer calls it with inputs that it makes up, and the ordinary build with those under tests/fuzz/corpus (see
// corpus_main.cpp):
//
//   TAUT_FUZZ_TARGET(name) {
//     ... data, size ...
//     return 0;
//   }
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"

#ifdef TAUT_LIBFUZZER
// Each target is a program of its own, where libFuzzer counts the branches of no other.
#define TAUT_FUZZ_TARGET(target) extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
#else
// All targets are one program, since most of the time of compiling them goes into headers that they share.
#define TAUT_FUZZ_TARGET(target)                                                           \
  static int testOneInput(const std::uint8_t* data, std::size_t size);                     \
  [[maybe_unused]] static const bool added = taut::fuzz::addTarget(#target, testOneInput); \
  static int testOneInput(const std::uint8_t* data, std::size_t size)
#endif

namespace taut::fuzz {

using Target = int (*)(const std::uint8_t* data, std::size_t size);

// Called before main(); returns true.
bool addTarget(const char* name, Target target);

inline void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

// Turns fuzz data into values; yields zeroes at its end.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : reader_(ByteSpan(data, size)) {}

  bool atEnd() const { return reader_.remaining() == 0; }
  std::uint8_t u8() { return reader_.remaining() >= 1 ? reader_.u8() : std::uint8_t{0}; }
  std::uint16_t u16() { return reader_.remaining() >= 2 ? reader_.u16() : std::uint16_t{0}; }
  std::uint32_t u32() { return reader_.remaining() >= 4 ? reader_.u32() : std::uint32_t{0}; }
  ByteSpan take(std::size_t count) { return reader_.take(std::min(count, reader_.remaining())); }
  ByteSpan rest() { return reader_.takeRest(); }

  // A valid name: up to seven labels of up to 63 octets, for as long as they fit.
  Name name() {
    Name made;
    for (std::size_t labels = u8() & 7u; labels > 0; --labels) {
      const ByteSpan label = take(u8() & 63u);
      if (const auto longer = Name::join(asText(label), made)) made = *longer;
    }
    return made;
  }

 private:
  ByteReader reader_;
};

}  // namespace taut::fuzz
