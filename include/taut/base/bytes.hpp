// Byte cursors over network data, big endian throughout (RFC 1035 section 2.3.2).
//
// Both cursors are sticky: the first access beyond the end marks the cursor failed, and from then on it yields zeroes
// and moves nothing. A caller reads or writes a whole structure and asks once, at its end, whether all of it was there.
#pragma once

#include "taut/base/standard.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace taut {

using ByteSpan = std::span<const std::uint8_t>;
using MutableByteSpan = std::span<std::uint8_t>;

static_assert(std::endian::native == std::endian::little, "the loads and stores below swap octets");

inline std::uint16_t loadU16(const std::uint8_t* bytes) {
  std::uint16_t value;
  std::memcpy(&value, bytes, sizeof value);
  return __builtin_bswap16(value);
}

inline std::uint32_t loadU32(const std::uint8_t* bytes) {
  std::uint32_t value;
  std::memcpy(&value, bytes, sizeof value);
  return __builtin_bswap32(value);
}

inline void storeU16(std::uint8_t* bytes, std::uint16_t value) {
  value = __builtin_bswap16(value);
  std::memcpy(bytes, &value, sizeof value);
}

inline void storeU32(std::uint8_t* bytes, std::uint32_t value) {
  value = __builtin_bswap32(value);
  std::memcpy(bytes, &value, sizeof value);
}

inline ByteSpan asBytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string_view asText(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Copies a few octets; the ranges may overlap. For a memcpy of at most 255 octets g++ emits an instruction that takes
// longer to start than a call of memmove takes in all.
inline void copyOctets(std::uint8_t* to, ByteSpan from) {
  if (!from.empty()) std::memmove(to, from.data(), from.size());
}

// Reads forward through a span; positions count from the span's first byte.
class ByteReader {
 public:
  explicit ByteReader(ByteSpan bytes, std::size_t position = 0)
      : bytes_(bytes), position_(position), ok_(position <= bytes.size()) {}

  bool ok() const { return ok_; }
  std::size_t position() const { return position_; }
  std::size_t remaining() const { return ok_ ? bytes_.size() - position_ : 0; }
  bool atEnd() const { return ok_ && position_ == bytes_.size(); }
  void fail() { ok_ = false; }

  std::uint8_t u8() { return has(1) ? bytes_[position_++] : std::uint8_t{0}; }

  std::uint16_t u16() {
    if (!has(2)) return 0;
    position_ += 2;
    return loadU16(bytes_.data() + position_ - 2);
  }

  std::uint32_t u32() {
    if (!has(4)) return 0;
    position_ += 4;
    return loadU32(bytes_.data() + position_ - 4);
  }

  std::uint64_t u48() {
    if (!has(6)) return 0;
    const std::uint64_t high = u16();
    return high << 32 | u32();
  }

  std::uint64_t u64() {
    if (!has(8)) return 0;
    const std::uint64_t high = u32();
    return high << 32 | u32();
  }

  // The next `count` bytes, or an empty span and a failed cursor.
  ByteSpan take(std::size_t count) {
    if (!has(count)) return {};
    position_ += count;
    return bytes_.subspan(position_ - count, count);
  }

  ByteSpan takeRest() { return take(remaining()); }
  void skip(std::size_t count) { take(count); }

 private:
  bool has(std::size_t count) {
    ok_ = ok_ && bytes_.size() - position_ >= count;
    return ok_;
  }

  ByteSpan bytes_;
  std::size_t position_;
  bool ok_;
};

// Writes forward into a span that the caller owns; never beyond its end.
class ByteWriter {
 public:
  explicit ByteWriter(MutableByteSpan bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t size() const { return size_; }
  std::size_t remaining() const { return bytes_.size() - size_; }
  ByteSpan written() const { return bytes_.first(size_); }
  void fail() { ok_ = false; }

  void u8(std::uint8_t value) {
    if (has(1)) bytes_[size_++] = value;
  }

  void u16(std::uint16_t value) {
    if (!has(2)) return;
    storeU16(bytes_.data() + size_, value);
    size_ += 2;
  }

  void u32(std::uint32_t value) {
    if (!has(4)) return;
    storeU32(bytes_.data() + size_, value);
    size_ += 4;
  }

  void u48(std::uint64_t value) {
    if (!has(6)) return;
    u16(static_cast<std::uint16_t>(value >> 32));
    u32(static_cast<std::uint32_t>(value));
  }

  void u64(std::uint64_t value) {
    if (!has(8)) return;
    u32(static_cast<std::uint32_t>(value >> 32));
    u32(static_cast<std::uint32_t>(value));
  }

  void bytes(ByteSpan data) {
    if (!has(data.size())) return;
    copyOctets(bytes_.data() + size_, data);
    size_ += data.size();
  }

  // Overwrites two bytes written before, for lengths that are known only afterwards.
  void patchU16(std::size_t position, std::uint16_t value) {
    if (ok_ && size_ >= 2 && position <= size_ - 2) storeU16(bytes_.data() + position, value);
  }

  // Forgets what was written after the first `size` octets, and a failure with it; `size` is at most size().
  void rewind(std::size_t size) {
    size_ = size;
    ok_ = true;
  }

 private:
  bool has(std::size_t count) {
    ok_ = ok_ && bytes_.size() - size_ >= count;
    return ok_;
  }

  MutableByteSpan bytes_;
  std::size_t size_ = 0;
  bool ok_ = true;
};

}  // namespace taut
