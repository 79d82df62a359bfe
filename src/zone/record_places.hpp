// Where the records of a zone were read, in the zone's order of records, for messages about them. Lines mostly follow
// each other, so that a record mostly takes one octet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

namespace taut::detail {

struct LogPlace {
  std::uint32_t file = 0;  // see RecordLog::file
  std::uint32_t line = 0;

  // Files are numbered as they are read. After an included file, the including one goes on under a new number.
  friend auto operator<=>(const LogPlace&, const LogPlace&) = default;
};

class RecordPlaces {
 public:
  class Reader;

  void add(const LogPlace& place) {
    const bool otherFile = place.file != last_.file;
    const auto distance = static_cast<std::int64_t>(place.line) - last_.line;
    put(zigzag(distance) << 1 | (otherFile ? 1 : 0));
    if (otherFile) put(place.file);
    last_ = place;
  }

 private:
  static std::uint64_t zigzag(std::int64_t value) {
    return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
  }
  // Seven bits an octet, the lowest first; the top bit says that more follow.
  void put(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) octets_.push_back(static_cast<std::uint8_t>(value | 0x80));
    octets_.push_back(static_cast<std::uint8_t>(value));
  }

  std::deque<std::uint8_t> octets_;  // grows without being copied
  LogPlace last_;
};

// Reads the places again from the first on. The places outlive it.
class RecordPlaces::Reader {
 public:
  explicit Reader(const RecordPlaces& places) : at_(places.octets_.begin()) {}

  // The place of the next record.
  LogPlace next() {
    const std::uint64_t value = get();
    const std::uint64_t distance = value >> 2 ^ (0 - (value >> 1 & 1));
    last_.line += static_cast<std::uint32_t>(distance);
    if ((value & 1) != 0) last_.file = static_cast<std::uint32_t>(get());
    return last_;
  }

 private:
  std::uint64_t get() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const std::uint8_t octet = *at_++;
      value |= std::uint64_t{octet & 0x7fu} << shift;
      if ((octet & 0x80) == 0) return value;
    }
  }

  std::deque<std::uint8_t>::const_iterator at_;
  LogPlace last_;
};

}  // namespace taut::detail
