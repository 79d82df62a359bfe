#include "crc32c.hpp"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace taut::detail {

namespace {

constexpr std::size_t wordSize = 8;
using Tables = std::array<std::array<std::uint32_t, 256>, wordSize>;

// The first table is that of one octet; table n is that of an octet that n others follow.
constexpr Tables makeTables() {
  constexpr std::uint32_t polynomial = 0x82f63b78;
  Tables tables{};
  for (std::uint32_t octet = 0; octet < 256; ++octet) {
    std::uint32_t rest = octet;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) != 0 ? polynomial : 0);
    tables[0][octet] = rest;
  }
  for (std::size_t table = 1; table < wordSize; ++table)
    for (std::size_t octet = 0; octet < 256; ++octet) {
      const std::uint32_t before = tables[table - 1][octet];
      tables[table][octet] = (before >> 8) ^ tables[0][before & 0xff];
    }
  return tables;
}

constexpr Tables tables = makeTables();

std::uint64_t loadWord(const std::uint8_t* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, wordSize);
  return word;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32cOfProcessor(ByteSpan octets, std::uint32_t before) {
  std::uint64_t rest = ~before;
  const std::uint8_t* at = octets.data();
  const std::uint8_t* const end = at + octets.size();
  for (; static_cast<std::size_t>(end - at) >= wordSize; at += wordSize) rest = _mm_crc32_u64(rest, loadWord(at));
  auto last = static_cast<std::uint32_t>(rest);
  for (; at != end; ++at) last = _mm_crc32_u8(last, *at);
  return ~last;
}
#endif

}  // namespace

std::uint32_t crc32cOfTables(ByteSpan octets, std::uint32_t before) {
  std::uint32_t rest = ~before;
  const std::uint8_t* at = octets.data();
  const std::uint8_t* const end = at + octets.size();
  for (; static_cast<std::size_t>(end - at) >= wordSize; at += wordSize) {
    const std::uint64_t word = loadWord(at) ^ rest;
    rest = 0;
    for (std::size_t i = 0; i < wordSize; ++i) rest ^= tables[wordSize - 1 - i][word >> (8 * i) & 0xff];
  }
  for (; at != end; ++at) rest = (rest >> 8) ^ tables[0][(rest ^ *at) & 0xff];
  return ~rest;
}

std::uint32_t crc32c(ByteSpan octets, std::uint32_t before) {
#if defined(__x86_64__)
  static const bool hasInstruction = __builtin_cpu_supports("sse4.2") != 0;
  if (hasInstruction) return crc32cOfProcessor(octets, before);
#endif
  return crc32cOfTables(octets, before);
}

}  // namespace taut::detail
