#include "journal_format.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "crc32c.hpp"

namespace taut::detail {

namespace {

constexpr std::string_view magic = "tautjrnl";
constexpr std::uint32_t format = 1;
constexpr std::size_t checksumSize = 4;
constexpr std::size_t checksumAt = 4;  // in a frame

std::uint32_t checksumOf(ByteSpan frame) {
  return crc32c(frame.subspan(checksumAt + checksumSize), crc32c(frame.first(checksumAt)));
}

// Both lists of a difference begin with the SOA of the zone, and all is within it.
bool isListOfVersion(const RecordList& list, NameView origin, Serial serial) {
  if (list.empty()) return false;
  const ZoneRecord soa = list.front();
  return soa.type == Type::SOA && soa.owner == origin && serialOfSoa(soa.rdata) == serial &&
         std::all_of(list.begin(), list.end(), [&](const ZoneRecord& record) { return record.owner.isWithin(origin); });
}

}  // namespace

std::vector<std::uint8_t> journalHeader(NameView origin, Class rrClass) {
  std::vector<std::uint8_t> octets(maxJournalHeaderSize);
  ByteWriter writer(octets);
  writer.bytes(asBytes(magic));
  writer.u32(format);
  writer.u16(static_cast<std::uint16_t>(rrClass));
  writer.u8(static_cast<std::uint8_t>(origin.size()));
  writer.bytes(origin.wire());
  writer.u32(crc32c(writer.written()));
  octets.resize(writer.size());
  return octets;
}

std::optional<std::string> reasonAgainstHeader(ByteSpan octets, NameView origin, Class rrClass) {
  ByteReader reader(octets);
  if (asText(reader.take(magic.size())) != magic) return "it is not the journal of a zone";
  const std::uint32_t found = reader.u32();
  if (reader.ok() && found != format)
    return fmt::format("it is a journal of format {}, and this program knows format {}", found, format);
  const auto foundClass = static_cast<Class>(reader.u16());
  const std::size_t size = reader.u8();
  const auto foundOrigin = NameView::fromWire(reader.take(size));
  const std::size_t end = reader.position();
  const std::uint32_t checksum = reader.u32();
  if (!reader.ok() || !foundOrigin || foundOrigin->size() != size || crc32c(octets.first(end)) != checksum)
    return "the header of the journal is damaged";
  if (*foundOrigin != origin || foundClass != rrClass)
    return fmt::format("it is the journal of {} {}, and not of {} {}", *foundOrigin, foundClass, origin, rrClass);
  return std::nullopt;
}

FrameHead FrameHead::read(const std::uint8_t* octets) {
  ByteReader reader(ByteSpan(octets, size));
  FrameHead head;
  head.frameSize = reader.u32();
  head.checksum = reader.u32();
  head.from = Serial(reader.u32());
  head.to = Serial(reader.u32());
  head.time = std::chrono::sys_seconds(std::chrono::seconds(static_cast<std::int64_t>(reader.u64())));
  head.removedSize = reader.u32();
  return head;
}

std::vector<std::uint8_t> frameOf(const ZoneDifference& difference, std::chrono::sys_seconds time) {
  std::vector<std::uint8_t> octets(FrameHead::size + difference.octets());
  ByteWriter writer(octets);
  writer.u32(static_cast<std::uint32_t>(octets.size()));
  writer.u32(0);
  writer.u32(difference.from().value());
  writer.u32(difference.to().value());
  writer.u64(static_cast<std::uint64_t>(time.time_since_epoch().count()));
  writer.u32(static_cast<std::uint32_t>(difference.removed().octets().size()));
  writer.bytes(difference.removed().octets());
  writer.bytes(difference.added().octets());
  sealFrame(octets);
  return octets;
}

void sealFrame(MutableByteSpan frame) {
  storeU32(frame.data() + checksumAt, checksumOf(frame));
}

bool isWholeFrame(ByteSpan frame) {
  if (frame.size() < FrameHead::size) return false;
  const FrameHead head = FrameHead::read(frame.data());
  return head.frameSize == frame.size() && head.removedSize <= frame.size() - FrameHead::size &&
         head.checksum == checksumOf(frame);
}

std::shared_ptr<const ZoneDifference> differenceOf(ByteSpan frame, NameView origin) {
  const FrameHead head = FrameHead::read(frame.data());
  const ByteSpan records = frame.subspan(FrameHead::size);
  auto removed = RecordList::read(records.first(head.removedSize));
  auto added = RecordList::read(records.subspan(head.removedSize));
  if (!removed || !isListOfVersion(*removed, origin, head.from)) return nullptr;
  if (!added || !isListOfVersion(*added, origin, head.to)) return nullptr;
  return std::make_shared<const ZoneDifference>(std::move(*removed), std::move(*added));
}

}  // namespace taut::detail
