#include "taut/zone/zone_journal.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>

#include "stored_files.hpp"
#include "support/octet_step.hpp"
#include "support/temporary_folder.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/zone/difference_between.hpp"
#include "taut/zone/zone_file.hpp"
#include "taut/zone/zone_update.hpp"
#include "zone/journal_format.hpp"

namespace zone_journal_test {

using namespace taut;
using taut::test::contentsOf;
using taut::test::succeedsWithin;
using taut::test::writeContents;

namespace {

using Texts = std::vector<std::string>;

const Name origin("example.");
constexpr ZoneJournal::Seconds noon{std::chrono::seconds(1'790'000'000)};

std::shared_ptr<const Zone> version(std::uint32_t serial, std::string_view body = {}) {
  const std::string text = fmt::format(
      "$ORIGIN example.\n$TTL 300\n@ SOA ns1 hostmaster {} 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\n"
      "a TXT \"version {}\"\n{}",
      serial, serial, body);
  const ZoneLoad loaded = parseZone(text, origin);
  REQUIRE_MESSAGE(loaded.ok(), loaded.firstError());
  return loaded.zone;
}

ZoneDifference step(std::uint32_t from, std::uint32_t to, std::string_view body = {}) {
  return *differenceBetween(*version(from), *version(to, body), 1 << 20);
}

std::unique_ptr<ZoneJournal> opened(const std::string& path, const ZoneJournal::Limits& limits = {}) {
  auto journal = ZoneJournal::open(path, origin, Class::IN, limits);
  REQUIRE_MESSAGE(journal.ok(), (journal.ok() ? "" : journal.error()));
  return std::move(*journal);
}

std::string reasonAgainst(const std::string& path, NameView zone = origin) {
  const auto journal = ZoneJournal::open(path, zone, Class::IN, {});
  return journal.ok() ? "" : journal.error();
}

// The journal of the versions from 1 to `last`, closed.
void makeJournal(const std::string& path, std::uint32_t last) {
  const auto journal = opened(path);
  for (std::uint32_t serial = 1; serial < last; ++serial) REQUIRE(journal->append(step(serial, serial + 1), noon).ok());
  REQUIRE(journal->sync().ok());
}

Texts serialsOf(const ZoneJournal::Differences& differences) {
  Texts texts;
  for (const auto& each : differences) texts.push_back(fmt::format("{}-{}", each->from().value(), each->to().value()));
  return texts;
}

bool haveSameRecords(const ZoneDifference& left, const ZoneDifference& right) {
  const auto equal = [](const RecordList& one, const RecordList& other) {
    return one.size() == other.size() && asText(one.octets()) == asText(other.octets());
  };
  return equal(left.removed(), right.removed()) && equal(left.added(), right.added());
}

}  // namespace

TEST_CASE("differences that are taken back are gone, and others follow what was before them") {
  const TemporaryFolder folder;
  const std::string path = folder.path("journal");
  {
    const auto journal = opened(path);
    for (std::uint32_t serial = 1; serial < 5; ++serial) REQUIRE(journal->append(step(serial, serial + 1), noon).ok());
    REQUIRE(journal->takeBack(2).ok());
    CHECK(journal->last() == Serial(3));
    REQUIRE(journal->append(step(3, 9), noon).ok());
    REQUIRE(journal->sync().ok());
  }
  CHECK(serialsOf(opened(path)->find(Serial(1))) == Texts{"1-2", "2-3", "3-9"});
}

TEST_CASE("a journal that another program has open can be read, and is not made or cut by that") {
  const TemporaryFolder folder;
  const std::string path = folder.path("journal");
  const auto none = ZoneJournal::openToRead(path, origin, Class::IN);
  REQUIRE(none.ok());
  CHECK(*none == nullptr);
  CHECK_FALSE(std::filesystem::exists(path));
  makeJournal(path, 4);
  const std::string whole = contentsOf(path);
  writeContents(path, whole + "a part of a frame");
  const auto writing = opened(path);
  writeContents(path, whole + "a part of a frame");
  const auto read = ZoneJournal::openToRead(path, origin, Class::IN);
  REQUIRE(read.ok());
  CHECK(serialsOf((*read)->find(Serial(1))) == Texts{"1-2", "2-3", "3-4"});
  CHECK(contentsOf(path) == whole + "a part of a frame");
}

TEST_CASE("differences are found as they were appended, before and after the journal is opened again") {
  const TemporaryFolder folder;
  const std::string path = folder.path("example.journal");
  auto journal = opened(path);
  CHECK(!journal->first());
  CHECK(!journal->last());
  CHECK(journal->find(Serial(1)).empty());
  const std::array steps{step(1, 2), step(2, 5, "b MX 10 ns1\n"), step(5, 6)};
  for (const ZoneDifference& each : steps) REQUIRE(journal->append(each, noon).ok());
  REQUIRE(journal->sync().ok());
  for (int round = 0; round < 2; ++round) {
    CHECK(journal->first() == Serial(1));
    CHECK(journal->last() == Serial(6));
    CHECK(journal->lostOctets() == 0);
    CHECK(journal->octets() == std::filesystem::file_size(path));
    CHECK(serialsOf(journal->find(Serial(1))) == Texts{"1-2", "2-5", "5-6"});
    CHECK(serialsOf(journal->find(Serial(5))) == Texts{"5-6"});
    CHECK(journal->find(Serial(6)).empty());
    CHECK(journal->find(Serial(3)).empty());
    const auto found = journal->find(Serial(1));
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(haveSameRecords(*found[i], steps[i]));
    REQUIRE(journal->entries().size() == 3);
    CHECK(journal->entries()[1].time == noon);
    const std::size_t octets = steps[1].octets() + steps[2].octets();
    CHECK(journal->find(Serial(2), octets).size() == 2);
    CHECK(journal->find(Serial(2), octets - 1).empty());
    journal.reset();
    journal = opened(path);
  }
}

TEST_CASE("what the journal has leads an older version of the zone to the last one") {
  const TemporaryFolder folder;
  makeJournal(folder.path("journal"), 9);
  std::vector<ZoneDifference> differences;
  for (const auto& each : opened(folder.path("journal"))->find(Serial(3))) differences.push_back(*each);
  const auto updated = updateZone(version(3), differences);
  REQUIRE(updated.ok());
  CHECK(haveSameRecords(*updated->zone, *version(9)));
}

TEST_CASE("differences lead only to a version with the very SOA that the journal has") {
  const TemporaryFolder folder;
  makeJournal(folder.path("journal"), 4);
  const auto journal = opened(folder.path("journal"));
  constexpr std::size_t all = 1 << 20;
  CHECK(serialsOf(journal->find(*version(4), Serial(2), all)) == Texts{"2-3", "3-4"});
  CHECK(serialsOf(journal->find(*version(3), Serial(1), all)) == Texts{"1-2", "2-3"});
  CHECK(journal->find(*version(7), Serial(1), all).empty());
  CHECK(journal->find(*version(4), Serial(2), 100).empty());
  const ZoneLoad edited =
      parseZone("$ORIGIN example.\n$TTL 300\n@ SOA ns1 other 4 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\n", origin);
  CHECK(journal->find(*edited.zone, Serial(2), all).empty());
}

TEST_CASE("a difference that does not begin where the last one ended begins a new chain, also for who opens the file") {
  const TemporaryFolder folder;
  makeJournal(folder.path("journal"), 4);
  auto journal = opened(folder.path("journal"));
  REQUIRE(journal->append(step(10, 11), noon).ok());
  REQUIRE(journal->append(step(11, 12), noon).ok());
  for (int round = 0; round < 2; ++round) {
    CHECK(journal->first() == Serial(10));
    CHECK(journal->find(Serial(3)).empty());
    CHECK(serialsOf(journal->find(Serial(10))) == Texts{"10-11", "11-12"});
    journal.reset();
    journal = opened(folder.path("journal"));
  }
}

TEST_CASE("of a serial that has come again the newest differences count") {
  const TemporaryFolder folder;
  const auto journal = opened(folder.path("journal"));
  for (const auto& [from, to] : {std::pair(1U, 0x7fffffffU), {0x7fffffffU, 0xfffffffeU}, {0xfffffffeU, 1U}, {1U, 2U}})
    REQUIRE(journal->append(step(from, to), noon).ok());
  CHECK(serialsOf(journal->find(Serial(1))) == Texts{"1-2"});
}

TEST_CASE("the oldest differences go when there are too many or they take too much, and the file stays bounded") {
  const TemporaryFolder folder;
  const std::string path = folder.path("journal");
  ZoneJournal::Limits limits;
  SUBCASE("number") {
    limits.differences = 8;
  }
  SUBCASE("octets") {
    limits.octets = 2000;
  }
  auto journal = opened(path, limits);
  const std::uint64_t header = journal->octets();
  std::size_t fewest = SIZE_MAX;
  for (std::uint32_t serial = 1; serial <= 100; ++serial) {
    REQUIRE(journal->append(step(serial, serial + 1), noon).ok());
    CHECK(journal->last() == Serial(serial + 1));
    CHECK(journal->entries().size() <= limits.differences);
    CHECK(journal->octets() - header <= limits.octets);
    CHECK(std::filesystem::file_size(path) == journal->octets());
    if (serial > 20) fewest = std::min(fewest, journal->entries().size());
  }
  CHECK(fewest >= 5);
  const Texts before = serialsOf(journal->find(*journal->first()));
  CHECK(before.size() == journal->entries().size());
  journal.reset();
  journal = opened(path, limits);
  CHECK(serialsOf(journal->find(*journal->first())) == before);
  CHECK(!std::filesystem::exists(path + ".new"));
}

TEST_CASE("a difference that is too large for the journal leaves it empty, and the next one begins anew") {
  const TemporaryFolder folder;
  const auto journal = opened(folder.path("journal"), {.octets = 1000});
  REQUIRE(journal->append(step(1, 2), noon).ok());
  REQUIRE(journal->append(step(2, 3, fmt::format("b TXT {0} {0} {0} {0}\n", std::string(250, 'x'))), noon).ok());
  CHECK(!journal->last());
  REQUIRE(journal->append(step(3, 4), noon).ok());
  CHECK(serialsOf(journal->find(Serial(3))) == Texts{"3-4"});
}

TEST_CASE("a journal that is cleared has nothing left") {
  const TemporaryFolder folder;
  makeJournal(folder.path("journal"), 4);
  auto journal = opened(folder.path("journal"));
  REQUIRE(journal->clear().ok());
  CHECK(!journal->last());
  journal.reset();
  CHECK(!opened(folder.path("journal"))->last());
}

TEST_CASE("of a file that is cut at any octet all whole differences are left, and the next one follows them") {
  const TemporaryFolder folder;
  const std::string path = folder.path("journal");
  makeJournal(path, 4);
  const std::string whole = contentsOf(path);
  const std::size_t header = opened(folder.path("empty"))->octets();
  const auto entries = opened(path)->entries();
  std::size_t end = header;
  std::size_t count = 0;
  for (std::size_t size = header; size <= whole.size(); ++size) {
    if (count < entries.size() && size == end + entries[count].octets) end += entries[count++].octets;
    writeContents(path, whole.substr(0, size));
    const auto journal = opened(path);
    REQUIRE(journal->entries().size() == count);
    REQUIRE(journal->lostOctets() == size - end);
    const auto last = static_cast<std::uint32_t>(count + 1);
    REQUIRE(journal->append(step(last, last + 1), noon).ok());
    REQUIRE(journal->find(Serial(1)).size() == count + 1);
  }
  CHECK(count == 3);
  for (std::size_t size = 0; size < header; ++size) {
    writeContents(path, whole.substr(0, size));
    REQUIRE(!reasonAgainst(path).empty());
    REQUIRE(contentsOf(path) == whole.substr(0, size));
  }
}

TEST_CASE("of a file with any octet changed only differences from there on are lost, or the file is refused as it is") {
  const TemporaryFolder folder;
  const std::string path = folder.path("journal");
  makeJournal(path, 4);
  const std::string whole = contentsOf(path);
  const std::size_t header = opened(folder.path("empty"))->octets();
  const auto entries = opened(path)->entries();
  const auto steps = opened(path)->find(Serial(1));
  for (std::size_t at = 0; at < whole.size(); at += test::octetStep) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
    writeContents(path, damaged);
    if (at < header) {
      REQUIRE(!reasonAgainst(path).empty());
      REQUIRE(contentsOf(path) == damaged);
      continue;
    }
    std::size_t intact = 0;
    for (std::size_t end = header + entries[0].octets; end <= at; end += entries[++intact].octets) {
    }
    const auto journal = opened(path);
    REQUIRE(journal->entries().size() == intact);
    const auto found = journal->find(Serial(1));
    REQUIRE(found.size() == intact);
    for (std::size_t i = 0; i < intact; ++i) REQUIRE(haveSameRecords(*found[i], *steps[i]));
  }
}

TEST_CASE("a write that fails at any octet leaves the journal as it was, and what is appended later is found") {
  const TemporaryFolder folder;
  const std::string path = folder.path("journal");
  makeJournal(path, 4);
  const std::string before = contentsOf(path);
  const ZoneDifference next = step(4, 5);
  const std::size_t after = before.size() + detail::FrameHead::size + next.octets();
  for (std::size_t limit = before.size(); limit < after; ++limit) {
    const bool held = succeedsWithin(limit, [&] {
      const auto journal = opened(path);
      const auto appended = journal->append(next, noon);
      if (appended.ok() || !appended.error().starts_with(path + ": ")) return false;
      return journal->last() == Serial(4) && journal->find(Serial(1)).size() == 3 && journal->sync().ok();
    });
    REQUIRE(held);
    REQUIRE(contentsOf(path) == before);
  }
  CHECK(succeedsWithin(after, [&] { return opened(path)->append(next, noon).ok(); }));
  CHECK(opened(path)->find(Serial(1)).size() == 4);
}

TEST_CASE("a journal that cannot be written anew at any octet stays as it was") {
  const TemporaryFolder folder;
  const std::string path = folder.path("journal");
  makeJournal(path, 4);
  const std::string before = contentsOf(path);
  const ZoneDifference next = step(4, 5);
  const ZoneJournal::Limits limits{.octets = before.size(), .differences = 3};
  std::size_t limit = 0;
  const auto append = [&] {
    const auto journal = opened(path, limits);
    return journal->append(next, noon).ok() && journal->last() == Serial(5);
  };
  while (!succeedsWithin(limit, append)) {
    REQUIRE(contentsOf(path) == before);
    REQUIRE(!std::filesystem::exists(path + ".new"));
    ++limit;
  }
  CHECK(limit == opened(path)->octets());
  CHECK(opened(path)->last() == Serial(5));
}

TEST_CASE("a file that is no journal of the zone is refused with the reason, and stays as it is") {
  const TemporaryFolder folder;
  const std::string path = folder.path("journal");
  makeJournal(path, 3);
  const std::string whole = contentsOf(path);
  const auto refused = [&](const std::string& octets, std::string_view reason) {
    writeContents(path, octets);
    CHECK(reasonAgainst(path) == fmt::format("{}: {}", path, reason));
    CHECK(contentsOf(path) == octets);
  };
  refused("", "it is not the journal of a zone");
  refused("example. SOA\n", "it is not the journal of a zone");
  std::string other = whole;
  other[11] = 2;
  refused(other, "it is a journal of format 2, and this program knows format 1");
  refused(whole.substr(0, 20), "the header of the journal is damaged");
  writeContents(path, whole);
  CHECK(reasonAgainst(path, Name("other.")) == path + ": it is the journal of example. IN, and not of other. IN");
  CHECK(reasonAgainst(folder.path("missing/journal")).ends_with("No such file or directory"));
  CHECK(reasonAgainst(path + "/journal").ends_with("Not a directory"));
  std::filesystem::create_directory(folder.path("folder"));
  CHECK(reasonAgainst(folder.path("folder")).ends_with("Is a directory"));
  REQUIRE(::mkfifo(folder.path("fifo").c_str(), 0600) == 0);
  CHECK(reasonAgainst(folder.path("fifo")).ends_with("it is not a regular file"));
}

TEST_CASE("a journal is open in one place, also after it was written anew") {
  const TemporaryFolder folder;
  const std::string path = folder.path("journal");
  auto journal = opened(path);
  CHECK(reasonAgainst(path) == path + ": another program has the journal open");
  REQUIRE(journal->clear().ok());
  CHECK(reasonAgainst(path) == path + ": another program has the journal open");
  journal.reset();
  CHECK(reasonAgainst(path).empty());
}

TEST_CASE("a frame whose checksum is right and whose records are not is not given on") {
  const TemporaryFolder folder;
  const std::string path = folder.path("journal");
  makeJournal(path, 2);
  const std::string whole = contentsOf(path);
  const std::size_t header = opened(folder.path("empty"))->octets();
  std::vector<std::uint8_t> frame(whole.begin() + static_cast<std::ptrdiff_t>(header), whole.end());
  const auto makeAndFind = [&] {
    detail::sealFrame(frame);
    writeContents(path, whole.substr(0, header) + std::string(asText(frame)));
    const auto journal = opened(path);
    return journal->entries().empty() || !journal->find(journal->entries()[0].from).empty();
  };
  CHECK(makeAndFind());
  constexpr std::size_t recordsAt = detail::FrameHead::size;
  SUBCASE("another serial") {
    frame[11] = 9;
  }
  SUBCASE("a size of a list that does not end with a record") {
    ++frame[27];
  }
  SUBCASE("an owner that is no name") {
    frame[recordsAt + 9] = 70;
  }
  SUBCASE("an owner of another zone") {
    frame[recordsAt + 10] = 'z';
  }
  SUBCASE("a size of an owner that is too large") {
    frame[recordsAt] = 200;
  }
  SUBCASE("no SOA first") {
    frame[recordsAt + 2] = 16;
  }
  SUBCASE("a TTL beyond the largest") {
    frame[recordsAt + 3] = 0x80;
  }
  SUBCASE("RDATA that is not valid") {
    ++frame[recordsAt + 8];
  }
  CHECK(!makeAndFind());
}

TEST_CASE("differences are found while others are appended and the file is written anew") {
  const TemporaryFolder folder;
  const auto journal = opened(folder.path("journal"), {.differences = 8});
  std::vector<ZoneDifference> steps;
  for (std::uint32_t serial = 1; serial < 50; ++serial) steps.push_back(step(serial, serial + 1));
  REQUIRE(journal->append(steps[0], noon).ok());
  std::atomic<bool> ends = false;
  std::atomic<std::size_t> broken = 0;
  std::thread reader([&] {
    while (!ends) {
      const auto entries = journal->entries();
      const auto found = journal->find(entries.back().from);
      const bool goesOn = !found.empty() && found.front()->from() == entries.back().from;
      // It is gone where seven others have come meanwhile.
      if (!goesOn && journal->entries().front().from.value() <= entries.back().from.value()) ++broken;
    }
  });
  bool appended = true;
  for (std::size_t i = 1; i < steps.size(); ++i) appended = journal->append(steps[i], noon).ok() && appended;
  ends = true;
  reader.join();
  CHECK(appended);
  CHECK(broken == 0);
}

}  // namespace zone_journal_test
