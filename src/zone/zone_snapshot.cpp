#include "taut/zone/zone_snapshot.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>

#include "arena.hpp"
#include "crc32c.hpp"
#include "snapshot_checks.hpp"
#include "stored_file.hpp"
#include "taut/base/replacement_file.hpp"
#include "taut/zone/zone_settling.hpp"
#include "zone_block.hpp"
#include "zone_image_writer.hpp"

namespace taut {

namespace {

using detail::fileFailure;
using detail::ZoneBlock;
using detail::ZoneLayout;

constexpr std::string_view magic = "tautzone";
constexpr std::uint32_t orderMark = 0x01020304;
constexpr std::uint32_t format = 1;  // of the header, of nodes (node_layout.hpp) and of lists (ZoneLayout)
constexpr std::size_t pieceSize = std::size_t{1} << 20;

// At the begin of the file, as it lies in memory. The nodes follow at the next page, the lists behind them, then the
// CRC-32C of each piece of both, and that of these.
struct Header {
  char magic[8];
  std::uint32_t order;
  std::uint32_t format;
  std::uint64_t nodesAt;  // octets from the begin of the file
  std::uint64_t recordCount;
  std::uint32_t nodeUnits;
  std::uint32_t nodeCount;
  std::uint32_t nsec3OwnerCount;
  std::uint32_t nsec3Count;
  std::uint32_t nsecCount;
  std::uint32_t serial;
  std::uint32_t rrClass;
  std::uint32_t checksum;  // of all before
};
static_assert(std::has_unique_object_representations_v<Header>);

ByteSpan octetsOf(const void* at, std::size_t size) {
  return {static_cast<const std::uint8_t*>(at), size};
}

std::uint32_t checksumOf(const Header& header) {
  return detail::crc32c(octetsOf(&header, offsetof(Header, checksum)));
}

Header headerOf(const Zone& zone) {
  const ZoneLayout& layout = zone.image().layout();
  Header header{};
  std::copy(magic.begin(), magic.end(), header.magic);
  header.order = orderMark;
  header.format = format;
  header.nodesAt = detail::Block::wholePages(sizeof header);
  header.recordCount = layout.recordCount;
  header.nodeUnits = layout.nodeUnits;
  header.nodeCount = layout.nodeCount;
  header.nsec3OwnerCount = layout.nsec3OwnerCount;
  header.nsec3Count = layout.nsec3Count;
  header.nsecCount = layout.nsecCount;
  header.serial = zone.serial();
  header.rrClass = static_cast<std::uint32_t>(zone.rrClass());
  header.checksum = checksumOf(header);
  return header;
}

ZoneLayout layoutOf(const Header& header) {
  return {header.recordCount,     header.nodeUnits,  header.nodeCount,
          header.nsec3OwnerCount, header.nsec3Count, header.nsecCount};
}

// What of an image is in the file: two runs of its octets.
struct Content {
  Content(std::uint8_t* image, const ZoneLayout& layout)
      : nodes(image, std::size_t{layout.nodeUnits} * detail::nodeUnit),
        lists(image + layout.listsAt(), layout.size() - layout.listsAt()) {}

  std::size_t size() const { return nodes.size() + lists.size(); }
  std::size_t pieceCount() const { return (size() + pieceSize - 1) / pieceSize; }

  // Octets from `at` on, at most so many, of the nodes or of the lists.
  ByteSpan run(std::size_t at, std::size_t most) const {
    const MutableByteSpan rest = at < nodes.size() ? nodes.subspan(at) : lists.subspan(at - nodes.size());
    return rest.first(std::min(rest.size(), most));
  }

  template <class Visit>
  void forEachRun(std::size_t piece, const Visit& visit) const {
    const std::size_t end = std::min(size(), (piece + 1) * pieceSize);
    for (std::size_t at = piece * pieceSize; at < end;) {
      const ByteSpan octets = run(at, end - at);
      visit(octets);
      at += octets.size();
    }
  }

  MutableByteSpan nodes;
  MutableByteSpan lists;
};

// Copies a piece while nobody marks nodes as stale, so that the checksum is that of what is written.
void copyPiece(const Content& content, std::size_t piece, ZoneBlock& block, std::vector<std::uint8_t>& into) {
  const std::lock_guard lock(block.mutex());
  into.clear();
  content.forEachRun(piece, [&](ByteSpan octets) { into.insert(into.end(), octets.begin(), octets.end()); });
}

std::optional<std::string> reasonAgainst(const Header& header, Class rrClass) {
  if (!std::equal(magic.begin(), magic.end(), header.magic)) return "it is not the image of a zone";
  if (header.order != orderMark) return "it is the image of a zone of a machine with another order of octets";
  if (header.format != format)
    return fmt::format("it is an image of format {}, and this program knows format {}", header.format, format);
  if (checksumOf(header) != header.checksum) return "the header of the image is damaged";
  if (header.rrClass != static_cast<std::uint32_t>(rrClass))
    return fmt::format("it is the image of a zone of class {}, and not {}", static_cast<Class>(header.rrClass),
                       rrClass);
  const bool fits = header.nodeUnits <= INT32_MAX && header.nodeCount != 0 && header.nodeCount <= header.nodeUnits &&
                    header.nsec3OwnerCount <= header.nodeUnits && header.nsec3Count <= header.nsec3OwnerCount &&
                    header.nsecCount <= header.nodeCount && header.nodesAt >= sizeof header;
  if (!fits) return "the header of the image is damaged";
  return std::nullopt;
}

// Whether the pieces have the checksums that stand behind them in the file.
bool hasChecksums(int fd, std::uint64_t at, const Content& content) {
  std::vector<std::uint32_t> checksums(content.pieceCount() + 1);
  const std::size_t size = checksums.size() * sizeof(std::uint32_t);
  if (!detail::readAt(fd, {reinterpret_cast<std::uint8_t*>(checksums.data()), size}, at)) return false;
  if (detail::crc32c(octetsOf(checksums.data(), size - sizeof(std::uint32_t))) != checksums.back()) return false;
  for (std::size_t piece = 0; piece < content.pieceCount(); ++piece) {
    std::uint32_t checksum = 0;
    content.forEachRun(piece, [&](ByteSpan octets) { checksum = detail::crc32c(octets, checksum); });
    if (checksum != checksums[piece]) return false;
  }
  return true;
}

}  // namespace

Result<void, std::string> writeSnapshot(const Zone& zone, const std::string& path) {
  ZoneBlock& block = zone.image().block();
  // Nodes that later versions have replaced are marked in the image of the first one too.
  if (zone.delta() != nullptr || block.tailUsed() != 0) return writeSnapshot(*settle(zone), path);
  const Content content(block.data(), zone.image().layout());
  const Header header = headerOf(zone);
  std::vector<std::uint8_t> octets(header.nodesAt);
  std::memcpy(octets.data(), &header, sizeof header);
  ReplacementFile file(path);
  bool goesOn = file.write(octets);
  std::vector<std::uint32_t> checksums;
  for (std::size_t piece = 0; goesOn && piece < content.pieceCount(); ++piece) {
    copyPiece(content, piece, block, octets);
    checksums.push_back(detail::crc32c(octets));
    goesOn = file.write(octets);
  }
  checksums.push_back(detail::crc32c(octetsOf(checksums.data(), checksums.size() * sizeof(std::uint32_t))));
  file.write(octetsOf(checksums.data(), checksums.size() * sizeof(std::uint32_t)));
  const auto written = file.takePlace();
  if (!written.ok()) return Failure(fileFailure(path, written.error()));
  return {};
}

Result<std::shared_ptr<const Zone>, std::string> openSnapshot(const std::string& path, NameView origin, Class rrClass) {
  const auto refused = [&path](std::string_view reason) { return Failure(fileFailure(path, reason)); };
  auto file = detail::openStored(path, O_RDONLY);
  if (!file.ok()) return Failure(file.error());
  if (!file->fd) return std::shared_ptr<const Zone>();
  const int fd = file->fd.get();
  Header header{};
  if (!detail::readAt(fd, {reinterpret_cast<std::uint8_t*>(&header), sizeof header}, 0))
    return refused("it is not the image of a zone");
  if (const auto reason = reasonAgainst(header, rrClass)) return refused(*reason);

  const ZoneLayout layout = layoutOf(header);
  const std::size_t contentSize = layout.size() - layout.listsAt() + std::size_t{layout.nodeUnits} * detail::nodeUnit;
  const std::size_t pieces = (contentSize + pieceSize - 1) / pieceSize;
  const std::uint64_t needed = contentSize + (pieces + 1) * sizeof(std::uint32_t);
  if (header.nodesAt > file->size || file->size - header.nodesAt != needed)
    return refused("the image has not the size that its header says");

  auto block = std::make_shared<ZoneBlock>(layout.size());
  block->place(layout.size());
  const Content content(block->data(), layout);
  if (!block->readFrom(fd, header.nodesAt, content.nodes.size()) ||
      !detail::readAt(fd, content.lists, header.nodesAt + content.nodes.size()))
    return refused("it cannot be read");
  if (!hasChecksums(fd, header.nodesAt + content.size(), content)) return refused("the image is damaged");
  if (!detail::isSoundImage(detail::ZoneImage(block, layout))) return refused("the image is not that of a zone");

  auto zone = std::make_shared<const Zone>(detail::ZoneImageWriter::ofPlaced(std::move(block), layout));
  if (zone->origin() != origin)
    return refused(fmt::format("it is the image of {}, and not of {}", zone->origin(), origin));
  if (zone->serial() != header.serial || zone->rrClass() != rrClass) return refused("the image is not that of a zone");
  return std::shared_ptr<const Zone>(std::move(zone));
}

}  // namespace taut
