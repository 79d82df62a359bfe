#include "taut/zone/zone_snapshot.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <sys/stat.h>

#include "stored_files.hpp"
#include "support/octet_step.hpp"
#include "support/temporary_folder.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/zone/difference_between.hpp"
#include "taut/zone/zone_update.hpp"
#include "zone/crc32c.hpp"
#include "zone_text.hpp"

namespace zone_snapshot_test {

using namespace taut;
using taut::test::contentsOf;
using taut::test::succeedsWithin;
using taut::test::writeContents;

namespace {

const Name origin("example.");

// Everything that a look-up can meet, in few octets.
std::shared_ptr<const Zone> smallZone() {
  return test::zoneOf(
      "@ MX 10 mail\nmail A 192.0.2.2\n*.wild TXT x\na.b.c A 192.0.2.3\nsub NS ns.sub\nns.sub A 192.0.2.4\n"
      "away DNAME elsewhere.\nbelow.away A 192.0.2.5\n"
      "@ NSEC3PARAM 1 0 0 -\n0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr A\n"
      "2t7b4g4vsa5smi47k61mv5bv1a22bojr NSEC3 1 0 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n");
}

// Large enough to be mapped.
std::shared_ptr<const Zone> largeZone() {
  std::string text;
  for (int i = 0; i < 30000; ++i) text += fmt::format("h{} A 10.0.{}.{}\n", i, i >> 8 & 255, i & 255);
  return test::zoneOf(text);
}

std::shared_ptr<const Zone> opened(const std::string& path) {
  const auto zone = openSnapshot(path, origin);
  REQUIRE_MESSAGE(zone.ok(), (zone.ok() ? "" : zone.error()));
  REQUIRE(*zone != nullptr);
  return *zone;
}

std::string reasonAgainst(const std::string& path, NameView zone = origin, Class rrClass = Class::IN) {
  const auto found = openSnapshot(path, zone, rrClass);
  return found.ok() ? "" : found.error();
}

std::shared_ptr<const Zone> changed(const std::shared_ptr<const Zone>& zone, std::string_view name) {
  ZoneChange change;
  change.add(Name(name), std::chrono::minutes(5), rdata::A(192, 0, 2, 99));
  const auto updated = updateZone(zone, change, Serial(zone->serial()));
  REQUIRE(updated.ok());
  return updated->zone;
}

// Where the nodes begin, and where the checksum of the one piece of a small zone stands.
std::size_t contentAt(const std::string& file) {
  std::uint64_t at = 0;
  std::memcpy(&at, file.data() + 16, sizeof at);
  return static_cast<std::size_t>(at);
}

// With the checksums that its octets have.
void seal(std::string& file) {
  const std::size_t at = contentAt(file);
  const std::size_t end = file.size() - 2 * sizeof(std::uint32_t);
  const std::uint32_t piece = detail::crc32c(asBytes(file).subspan(at, end - at));
  std::memcpy(file.data() + end, &piece, sizeof piece);
  const std::uint32_t last = detail::crc32c(asBytes(file).subspan(end, sizeof piece));
  std::memcpy(file.data() + end + sizeof piece, &last, sizeof last);
}

// Goes wherever look-ups go.
std::size_t walk(const Zone& zone) {
  std::size_t count = 0;
  const auto visit = [&](ZoneNode node) {
    for (const RRset set : node)
      for (const ByteSpan rdata : set) count += rdata.size() + set.owner.size();
    for (const Type type : {Type::NS, Type::MX}) {
      const ZoneRRset set = node.rrset(type);
      for (std::size_t i = 0; set.hasTargets() && i < set.data.count; ++i)
        if (const ZoneNode target = zone.target(set, i, set.data.front())) count += target.rrsetCount();
    }
    const Nsec3Match match = zone.nsec3(node);
    if (match.node) count += match.node.rrsetCount();
    if (const ZoneNode parent = zone.parent(node)) count += parent.rrsetCount();
    count += zone.find(node.owner()).encloser.labelCount();
  };
  for (const ZoneNode node : zone.nodes()) visit(node);
  for (const ZoneNode node : zone.nsec3Nodes()) visit(node);
  for (const char* const name : {"x.example.", "x.wild.example.", "x.sub.example.", "x.away.example."}) {
    const ZoneLookup found = zone.find(Name(name));
    count += found.encloser.labelCount() + (found.wildcard ? 1 : 0);
    if (const Nsec3Match match = zone.nsec3(Name(name).view())) count += match.node.rrsetCount();
  }
  return count;
}

}  // namespace

TEST_CASE("a zone that is opened has what the one had that was written") {
  const TemporaryFolder folder;
  const std::string path = folder.path("snapshot");
  for (const auto& zone : {smallZone(), largeZone()}) {
    REQUIRE(writeSnapshot(*zone, path).ok());
    CHECK(!std::filesystem::exists(path + ".new"));
    const auto found = opened(path);
    CHECK(haveSameRecords(*zone, *found));
    CHECK(walk(*zone) == walk(*found));
    CHECK(zone->serial() == found->serial());
    CHECK(zone->hasNsec3() == found->hasNsec3());
    CHECK(zone->recordCount() == found->recordCount());
  }
}

TEST_CASE("a zone that was opened is updated in place, and its file stays as it was") {
  const TemporaryFolder folder;
  const std::string path = folder.path("snapshot");
  for (const auto& zone : {test::zoneOf("a A 192.0.2.2\n"), largeZone()}) {
    REQUIRE(writeSnapshot(*zone, path).ok());
    const std::string before = contentsOf(path);
    const auto first = opened(path);
    auto last = first;
    for (int i = 0; i < 20; ++i) last = changed(last, fmt::format("new{}.example.", i));
    last = changed(last, "h7.example.");
    CHECK(last->serial() == zone->serial() + 21);
    CHECK(last->node(Name("new7.example.")));
    CHECK(haveSameRecords(*first, *zone));
    CHECK(contentsOf(path) == before);
    CHECK(haveSameRecords(*opened(path), *zone));
  }
}

TEST_CASE("a version that has changed is written as it is, and so is the one before it") {
  const TemporaryFolder folder;
  const auto first = largeZone();
  const auto second = changed(first, "new.example.");
  REQUIRE(writeSnapshot(*second, folder.path("second")).ok());
  REQUIRE(writeSnapshot(*first, folder.path("first")).ok());
  CHECK(haveSameRecords(*opened(folder.path("second")), *second));
  CHECK(haveSameRecords(*opened(folder.path("first")), *first));
}

TEST_CASE("a zone goes on being served when its file is replaced or removed") {
  const TemporaryFolder folder;
  const std::string path = folder.path("snapshot");
  const auto zone = largeZone();
  REQUIRE(writeSnapshot(*zone, path).ok());
  const auto first = opened(path);
  REQUIRE(writeSnapshot(*changed(zone, "new.example."), path).ok());
  std::filesystem::remove(path);
  CHECK(haveSameRecords(*first, *zone));
}

TEST_CASE("a file that is cut at any octet is refused with the reason") {
  const TemporaryFolder folder;
  const std::string path = folder.path("snapshot");
  REQUIRE(writeSnapshot(*smallZone(), path).ok());
  const std::string whole = contentsOf(path);
  for (std::size_t size = 0; size < whole.size(); size += test::octetStep) {
    writeContents(path, whole.substr(0, size));
    REQUIRE(reasonAgainst(path).starts_with(path + ": "));
  }
  writeContents(path, whole + '\0');
  CHECK(reasonAgainst(path) == path + ": the image has not the size that its header says");
}

TEST_CASE("a file with any octet changed is refused, but for the empty ones behind its header") {
  const TemporaryFolder folder;
  const std::string path = folder.path("snapshot");
  const auto zone = smallZone();
  REQUIRE(writeSnapshot(*zone, path).ok());
  const std::string whole = contentsOf(path);
  constexpr std::size_t headerSize = 64;
  for (std::size_t at = 0; at < whole.size(); at += test::octetStep) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
    writeContents(path, damaged);
    const bool isEmpty = at >= headerSize && at < contentAt(whole);
    REQUIRE(reasonAgainst(path).empty() == isEmpty);
  }
}

TEST_CASE("damage anywhere in a large file is found") {
  const TemporaryFolder folder;
  const std::string path = folder.path("snapshot");
  REQUIRE(writeSnapshot(*largeZone(), path).ok());
  const std::string whole = contentsOf(path);
  REQUIRE(whole.size() > std::size_t{1} << 20);  // several checksums
  for (std::size_t at = contentAt(whole); at < whole.size(); at += 65521) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    writeContents(path, damaged);
    REQUIRE(reasonAgainst(path) == path + ": the image is damaged");
  }
}

TEST_CASE("a file whose checksums are right is refused, or nothing in it leads elsewhere") {
  const TemporaryFolder folder;
  const std::string path = folder.path("snapshot");
  REQUIRE(writeSnapshot(*smallZone(), path).ok());
  const std::string whole = contentsOf(path);
  std::size_t refused = 0;
  for (std::size_t at = contentAt(whole); at < whole.size() - 2 * sizeof(std::uint32_t); at += test::octetStep)
    for (const int mask : {0x01, 0x04, 0x10, 0x80, 0xff}) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ mask);
      seal(changed);
      writeContents(path, changed);
      const auto zone = openSnapshot(path, origin);
      if (zone.ok()) walk(**zone);
      if (!zone.ok()) ++refused;
    }
  CHECK(refused > 500 / test::octetStep);
}

TEST_CASE("a write that fails at any octet leaves the file before") {
  const TemporaryFolder folder;
  const std::string path = folder.path("snapshot");
  const auto zone = smallZone();
  REQUIRE(writeSnapshot(*test::zoneOf(""), path).ok());
  const std::string before = contentsOf(path);
  REQUIRE(writeSnapshot(*zone, folder.path("whole")).ok());
  const std::size_t size = std::filesystem::file_size(folder.path("whole"));
  const auto write = [&] { return writeSnapshot(*zone, path).ok(); };
  for (std::size_t limit = 0; limit < size; limit += limit < contentAt(before) ? 512 : 1) {
    REQUIRE(!succeedsWithin(limit, write));
    REQUIRE(contentsOf(path) == before);
    REQUIRE(!std::filesystem::exists(path + ".new"));
  }
  CHECK(succeedsWithin(size, write));
  CHECK(haveSameRecords(*opened(path), *zone));
}

TEST_CASE("a file that is no image of the zone is refused with the reason") {
  const TemporaryFolder folder;
  const std::string path = folder.path("snapshot");
  const auto missing = openSnapshot(path, origin);
  REQUIRE(missing.ok());
  CHECK(*missing == nullptr);
  writeContents(path, std::string(10000, 'x'));
  CHECK(reasonAgainst(path) == path + ": it is not the image of a zone");
  REQUIRE(writeSnapshot(*smallZone(), path).ok());
  CHECK(reasonAgainst(path, Name("other.")) == path + ": it is the image of example., and not of other.");
  CHECK(reasonAgainst(path, origin, Class::CH) == path + ": it is the image of a zone of class IN, and not CH");
  std::string other = contentsOf(path);
  other[12] = 9;
  writeContents(path, other);
  CHECK(reasonAgainst(path) == path + ": it is an image of format 9, and this program knows format 1");
  std::swap(other[8], other[11]);
  std::swap(other[9], other[10]);
  writeContents(path, other);
  CHECK(reasonAgainst(path).ends_with("another order of octets"));
  std::filesystem::create_directory(folder.path("folder"));
  CHECK(reasonAgainst(folder.path("folder")).ends_with("it is not a regular file"));
  REQUIRE(::mkfifo(folder.path("fifo").c_str(), 0600) == 0);
  CHECK(reasonAgainst(folder.path("fifo")).ends_with("it is not a regular file"));
  const auto unwritten = writeSnapshot(*smallZone(), folder.path("missing/snapshot"));
  REQUIRE(!unwritten.ok());
  CHECK(unwritten.error() == folder.path("missing/snapshot") + ": No such file or directory");
}

}  // namespace zone_snapshot_test
