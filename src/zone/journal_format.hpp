// How a journal lies in its file, in big endian: a header with the zone, and frames with differences.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/serial.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/zone_difference.hpp"

namespace taut::detail {

// "tautjrnl", the format in 4 octets, the class in 2, the origin after its size in 1, and the CRC-32C of all that.
std::vector<std::uint8_t> journalHeader(NameView origin, Class rrClass);
inline constexpr std::size_t maxJournalHeaderSize = 274;

// Why the octets at the begin of a file, `maxJournalHeaderSize` of them or the whole file, are not this header;
// nothing where they are.
std::optional<std::string> reasonAgainstHeader(ByteSpan octets, NameView origin, Class rrClass);

// The size of the frame in 4 octets, the CRC-32C of all others in 4, both serials, the seconds since 1970 in 8, and
// the size of the records that go in 4. Those records follow, and the ones that come.
struct FrameHead {
  static constexpr std::size_t size = 28;

  std::uint32_t frameSize = 0;  // octets
  std::uint32_t checksum = 0;
  Serial from{0};
  Serial to{0};
  std::chrono::sys_seconds time{};
  std::uint32_t removedSize = 0;  // octets

  static FrameHead read(const std::uint8_t* octets);
};

std::vector<std::uint8_t> frameOf(const ZoneDifference& difference, std::chrono::sys_seconds time);

// Whether the octets are a frame as it was written.
bool isWholeFrame(ByteSpan frame);

// The difference of a whole frame; null where it is none of the zone.
std::shared_ptr<const ZoneDifference> differenceOf(ByteSpan frame, NameView origin);

// Writes the checksum into a frame.
void sealFrame(MutableByteSpan frame);

}  // namespace taut::detail
