#include "daemon/zone_archive.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "daemon/archive_path.hpp"
#include "support/temporary_folder.hpp"
#include "taut/zone/difference_between.hpp"
#include "taut/zone/zone_change.hpp"
#include "taut/zone/zone_file.hpp"
#include "taut/zone/zone_update.hpp"
#include "zone/stored_files.hpp"

namespace zone_archive_test {

using namespace taut;
using taut::test::contentsOf;
using taut::test::writeContents;

namespace {

const Name origin("example.");

std::shared_ptr<const Zone> version(std::uint32_t serial, std::string_view body = {}) {
  const std::string text = fmt::format(
      "$ORIGIN example.\n$TTL 300\n@ SOA ns1 hostmaster {} 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\n"
      "a TXT \"version {}\"\n{}",
      serial, serial, body);
  const ZoneLoad loaded = parseZone(text, origin);
  REQUIRE_MESSAGE(loaded.ok(), loaded.firstError());
  return loaded.zone;
}

// The next version, which differences lead to.
ZoneVersion next(const Zone& before, const std::shared_ptr<const Zone>& after) {
  auto difference = differenceBetween(before, *after, std::size_t{1} << 30);
  REQUIRE(difference.has_value());
  return {after, {std::make_shared<const ZoneDifference>(std::move(*difference))}};
}

// Waits until it is on the disk; what went wrong.
std::string kept(ZoneArchive& archive, const ZoneVersion& given) {
  std::promise<std::string> told;
  archive.keep(given, [&told](const std::string& error) { told.set_value(error); });
  return told.get_future().get();
}

// The versions from 1 to `last`, each by its difference from the one before.
void keepVersions(ZoneArchive& archive, std::uint32_t last) {
  REQUIRE(kept(archive, {version(1)}).empty());
  for (std::uint32_t serial = 2; serial <= last; ++serial)
    REQUIRE(kept(archive, next(*version(serial - 1), version(serial))).empty());
}

ZoneArchive::Restored restored(const std::string& folder, NameView zone = origin) {
  ZoneArchive archive(folder);
  auto found = archive.restore(zone);
  REQUIRE_MESSAGE(found.ok(), (found.ok() ? "" : found.error()));
  return *found;
}

std::string imageOf(const std::string& folder) {
  return archivePath(folder, origin) + ".snapshot";
}

std::string journalOf(const std::string& folder) {
  return archivePath(folder, origin) + ".journal";
}

bool isVersion(const std::shared_ptr<const Zone>& zone, std::uint32_t serial) {
  return zone && haveSameRecords(*zone, *version(serial));
}

}  // namespace

TEST_CASE("the last version of a zone is there at the next start, with the differences that lead to it") {
  const TemporaryFolder folder;
  {
    ZoneArchive archive(folder.path());
    keepVersions(archive, 5);
  }
  const auto found = restored(folder.path());
  CHECK(isVersion(found.zone, 5));
  REQUIRE(found.differences.size() == 4);
  CHECK(found.differences.front()->from() == Serial(1));
  CHECK(found.differences.back()->to() == Serial(5));
}

TEST_CASE("it is told when all that was given is on the disk, what waits for a snapshot too") {
  const TemporaryFolder folder;
  ZoneArchive archive(folder.path());
  bool atOnce = false;
  archive.whenKept([&atOnce] { atOnce = true; });
  CHECK(atOnce);  // nothing was given
  for (std::uint32_t serial = 1; serial < 20; serial += 2) {
    archive.keep({version(serial)});  // needs a snapshot, as no differences lead to it
    archive.keep(next(*version(serial), version(serial + 1)));
    std::promise<void> told;
    archive.whenKept([&told] { told.set_value(); });
    told.get_future().wait();
    CHECK(isVersion(restored(folder.path()).zone, serial + 1));
  }
}

TEST_CASE("what was kept goes on at the next start with differences alone") {
  const TemporaryFolder folder;
  for (std::uint32_t serial = 1; serial < 20; serial += 3) {
    ZoneArchive archive(folder.path());
    const auto before = archive.restore(origin);
    REQUIRE(before.ok());
    if (serial == 1) {
      REQUIRE(kept(archive, {version(1)}).empty());
    } else {
      REQUIRE(isVersion(before->zone, serial));
    }
    const auto image = contentsOf(imageOf(folder.path()));
    for (std::uint32_t each = serial; each < serial + 3; ++each)
      REQUIRE(kept(archive, next(*version(each), version(each + 1))).empty());
    CHECK(contentsOf(imageOf(folder.path())) == image);
  }
}

TEST_CASE("of a zone that nothing was kept of there is none, and no file is made") {
  const TemporaryFolder folder;
  CHECK(restored(folder.path()).zone == nullptr);
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("a version that came whole is kept, and the differences before it lead nowhere any more") {
  const TemporaryFolder folder;
  {
    ZoneArchive archive(folder.path());
    keepVersions(archive, 3);
    REQUIRE(kept(archive, {version(2, "b A 192.0.2.2\n")}).empty());
  }
  const auto found = restored(folder.path());
  REQUIRE(found.zone);
  CHECK(haveSameRecords(*found.zone, *version(2, "b A 192.0.2.2\n")));
  CHECK(found.differences.empty());
}

TEST_CASE("each version that was kept can be restored from then on, however small the journal may be") {
  for (const std::uint64_t octets : {0U, 300U, 1000U, 2000U, 5000U}) {
    const TemporaryFolder folder;
    ZoneArchive archive(folder.path());
    archive.setJournalSizes({{origin, octets}});
    REQUIRE(kept(archive, {version(1)}).empty());
    for (std::uint32_t serial = 2; serial <= 60; ++serial) {
      REQUIRE(kept(archive, next(*version(serial - 1), version(serial))).empty());
      const auto found = ArchivedZone::restore(folder.path(), origin);
      REQUIRE_MESSAGE(found.ok(), (found.ok() ? "" : found.error()));
      REQUIRE(isVersion(found->zone, serial));
    }
  }
}

TEST_CASE("what was appended is kept although the sizes of journals are set before it is synced") {
  const TemporaryFolder folder;
  {
    // What comes while the archive waits is done before anything is synced.
    std::promise<void> hasCome;
    ZoneArchive archive(folder.path());
    keepVersions(archive, 2);
    archive.keep(next(*version(2), version(3)), [&](const std::string&) { hasCome.get_future().wait(); });
    archive.keep(next(*version(3), version(4)));
    archive.setJournalSizes({});
    hasCome.set_value();
  }
  CHECK(isVersion(restored(folder.path()).zone, 4));
}

TEST_CASE("a journal that was cut at any octet leads to a version that was kept") {
  const TemporaryFolder folder;
  {
    ZoneArchive archive(folder.path());
    keepVersions(archive, 4);
  }
  const std::string journal = contentsOf(journalOf(folder.path()));
  const std::string image = contentsOf(imageOf(folder.path()));
  std::uint32_t before = 1;
  for (std::size_t size = 0; size <= journal.size(); ++size) {
    writeContents(journalOf(folder.path()), journal.substr(0, size));
    writeContents(imageOf(folder.path()), image);
    const auto found = ArchivedZone::restore(folder.path(), origin);
    if (!found.ok()) continue;  // the header is cut
    REQUIRE(found->zone);
    REQUIRE(isVersion(found->zone, found->zone->serial()));
    REQUIRE(found->zone->serial() >= before);
    before = found->zone->serial();
  }
  CHECK(before == 4);
}

TEST_CASE("versions that nobody waits for are kept before the end") {
  const TemporaryFolder folder;
  {
    ZoneArchive archive(folder.path());
    archive.keep({version(1)});
    for (std::uint32_t serial = 2; serial <= 200; ++serial) archive.keep(next(*version(serial - 1), version(serial)));
  }
  CHECK(isVersion(restored(folder.path()).zone, 200));
}

TEST_CASE("a version that could not be kept does not count, nor does what was made of it") {
  const TemporaryFolder folder;
  {
    ZoneArchive archive(folder.path());
    keepVersions(archive, 2);
  }
  std::filesystem::rename(journalOf(folder.path()), folder.path("journal"));
  std::filesystem::create_directory(journalOf(folder.path()));
  ZoneArchive archive(folder.path());
  REQUIRE(archive.restore(origin).ok() == false);
  CHECK(kept(archive, next(*version(2), version(3))) == journalOf(folder.path()) + ": it is not a regular file");
  CHECK(kept(archive, next(*version(3), version(4))) == "the version before could not be kept");
  std::filesystem::remove(journalOf(folder.path()));
  std::filesystem::rename(folder.path("journal"), journalOf(folder.path()));
  CHECK(kept(archive, next(*version(2), version(5))).empty());
  archive.stop();
  CHECK(isVersion(restored(folder.path()).zone, 5));
}

TEST_CASE("a file that is none of ours is named, and stays where somebody waits for the version") {
  const TemporaryFolder folder;
  writeContents(imageOf(folder.path()), "something else, which is longer than a header of a snapshot would be, by far");
  ZoneArchive archive(folder.path());
  const auto found = archive.restore(origin);
  REQUIRE(!found.ok());
  CHECK(found.error() == imageOf(folder.path()) + ": it is not the image of a zone");
  CHECK(kept(archive, {version(1)}) == found.error());
  CHECK(contentsOf(imageOf(folder.path())).starts_with("something else"));
  SUBCASE("until it is gone") {
    std::filesystem::remove(imageOf(folder.path()));
    CHECK(kept(archive, {version(1)}).empty());
  }
  SUBCASE("and is replaced where the version is served whatever happens") {
    archive.keep({version(1)});
    CHECK(kept(archive, next(*version(1), version(2))).empty());
  }
  archive.stop();
  CHECK(restored(folder.path()).zone != nullptr);
}

TEST_CASE("one program at a time keeps zones in a folder") {
  const TemporaryFolder folder;
  ZoneArchive first(folder.path());
  CHECK(first.own(std::chrono::milliseconds(0)).empty());
  ZoneArchive second(folder.path());
  const std::string error = folder.path("zones.lock: another program keeps zones in this folder");
  CHECK(second.own(std::chrono::milliseconds(0)) == error);
  CHECK(kept(second, {version(1)}) == error);
}

// Two programs with one folder: the second one has read version 2, and the first has kept version 3 since.
struct TwoPrograms {
  TwoPrograms() {
    keepVersions(*first, 2);
    REQUIRE(isVersion(second.restore(origin)->zone, 2));
    REQUIRE(kept(*first, next(*version(2), version(3))).empty());
  }

  const TemporaryFolder folder;
  std::unique_ptr<ZoneArchive> first = std::make_unique<ZoneArchive>(folder.path());
  ZoneArchive second{folder.path()};
};

TEST_CASE("the folder is ours when the program before has ended, with all that it has kept") {
  TwoPrograms programs;
  programs.first.reset();
  REQUIRE(programs.second.own(std::chrono::seconds(60)).empty());
  REQUIRE(isVersion(programs.second.restore(origin)->zone, 3));
  CHECK(kept(programs.second, next(*version(3), version(4))).empty());
  programs.second.stop();
  CHECK(isVersion(restored(programs.folder.path()).zone, 4));
}

TEST_CASE("a version that does not follow what another program has kept meanwhile is kept whole") {
  TwoPrograms programs;
  programs.first.reset();
  programs.second.keep(next(*version(2), version(7)));
  programs.second.stop();
  CHECK(isVersion(restored(programs.folder.path()).zone, 7));
}

TEST_CASE("an awaited version does not take the place of what another program has kept since the files were read") {
  TwoPrograms programs;
  CHECK(programs.second.hasChanged(origin));
  programs.first.reset();
  CHECK(kept(programs.second, next(*version(2), version(7))) ==
        "another program has kept later versions, which a restart reads");
  programs.second.stop();
  CHECK(isVersion(restored(programs.folder.path()).zone, 3));
}

TEST_CASE("of a zone that is no more no file stays") {
  const TemporaryFolder folder;
  ZoneArchive archive(folder.path());
  keepVersions(archive, 3);
  SUBCASE("of one that is being kept") {
    archive.keep({version(9)});
  }
  archive.forget(origin);
  archive.stop();
  std::filesystem::remove(folder.path("zones.lock"));
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("a zone that comes again after it was forgotten is kept anew") {
  const TemporaryFolder folder;
  ZoneArchive archive(folder.path());
  keepVersions(archive, 3);
  archive.keep({version(9)});
  archive.forget(origin);
  CHECK(kept(archive, {version(1)}).empty());
  CHECK(kept(archive, next(*version(1), version(2))).empty());
  archive.stop();
  CHECK(isVersion(restored(folder.path()).zone, 2));
}

TEST_CASE("the differences between versions of a file are found for the version that the file has, and for no other") {
  const TemporaryFolder folder;
  {
    ZoneArchive archive(folder.path());
    for (std::uint32_t serial = 2; serial <= 4; ++serial)
      archive.keepDifferences(*version(serial), next(*version(serial - 1), version(serial)).differences);
  }
  CHECK(!std::filesystem::exists(imageOf(folder.path())));
  ZoneArchive archive(folder.path());
  CHECK(archive.differencesTo(*version(4))->size() == 3);
  CHECK(archive.differencesTo(*version(3))->size() == 2);
  CHECK(archive.differencesTo(*version(5))->empty());
  SUBCASE("none after a version that no difference is known to") {
    archive.keepDifferences(*version(6), {});
    archive.stop();
    CHECK(archive.differencesTo(*version(4))->empty());
  }
}

TEST_CASE("a folder that is not there is told of, and the zone is kept when it comes") {
  const TemporaryFolder folder;
  const std::string path = folder.path("state");
  ZoneArchive archive(path);
  CHECK(kept(archive, {version(1)}) == path + "/zones.lock: No such file or directory");
  std::filesystem::create_directory(path);
  CHECK(kept(archive, {version(1)}).empty());
}

TEST_CASE("files of different zones have different names, which any file system has") {
  CHECK(archivePath("/f", Name("Example.COM.")) == "/f/example.com");
  CHECK(archivePath("/f", Name(".")) == "/f/%root");
  CHECK(archivePath("/f", Name("a/b\\.c.example.")) == "/f/a%2fb%2ec.example");
  CHECK(archivePath("/f", Name("a%2fb.example.")) == "/f/a%252fb.example");
  const std::string label(63, '*');
  const std::string end = fmt::format("{0}.{0}.{0}.", label);
  const std::string one = archivePath("/f", Name("a." + end));
  CHECK(one.size() <= 210);
  CHECK(one != archivePath("/f", Name("b." + end)));
  CHECK(one == archivePath("/f", Name("A." + end)));
}

}  // namespace zone_archive_test
