#include "taut/zone/zone_file.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include "taut/zone/zone_writer.hpp"
#include "taut/zone/zonemd.hpp"
#include "zone/zone_text.hpp"

namespace zone_file_test {

using namespace taut;
using test::load;
using test::messages;
using test::zoneOf;

namespace {

// A folder of its own that goes with the test.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / fmt::format("taut-zone-file-{}", getpid())) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }

  std::string write(const std::string& name, std::string_view text) const {
    const auto file = path_ / name;
    std::ofstream(file, std::ios::binary) << text;
    return file.string();
  }

 private:
  std::filesystem::path path_;
};

std::string print(const Zone& zone, RdataForm form = RdataForm::presentation) {
  std::string text;
  writeZone(
      zone, [&](std::string_view piece) { text += piece; }, form);
  return text;
}

// RFC 8976 appendix A.1, and what its digest is.
constexpr std::string_view simpleZone =
    "example. 86400 IN SOA ns1 admin 2018031900 1800 900 604800 86400\n"
    " 86400 IN NS ns1\n"
    " 86400 IN NS ns2\n"
    "ns1 3600 IN A 203.0.113.63\n"
    "ns2 3600 IN AAAA 2001:db8::63\n";
constexpr std::string_view simpleDigest =
    "c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730044c";

ZoneLoad withZonemd(std::string_view records, bool require = false) {
  ZoneLoadOptions options;
  options.checks.requireZonemd = require;
  return parseZone(std::string(simpleZone) + std::string(records), Name("example."), options);
}

}  // namespace

TEST_CASE("A zone is loaded from its file, which is remembered with those that it includes") {
  const Folder folder;
  folder.write("hosts", "www A 192.0.2.2\n");
  const std::string path = folder.write("zone", std::string(test::head) + "$INCLUDE hosts\n");
  const ZoneLoad loaded = loadZone({path, Name("example.")});
  REQUIRE(loaded.ok());
  CHECK(loaded.zone->node(Name("www.example.")));
  REQUIRE(loaded.files.size() == 2);
  CHECK(loaded.files[0].path == path);
  CHECK(loaded.files[1].path.ends_with("hosts"));
  CHECK(!loaded.filesChanged());

  folder.write("hosts", "www A 192.0.2.2\nmore A 192.0.2.3\n");
  CHECK(loaded.filesChanged());
}

TEST_CASE("A file that is rewritten in place, with the same size and time, has changed") {
  const Folder folder;
  const std::string path = folder.write("zone", test::head);
  const ZoneLoad loaded = loadZone({path, Name("example.")});
  const auto time = std::filesystem::last_write_time(path);
  const auto before = std::chrono::system_clock::now();
  // Until the clock of the file system, which is coarse, has gone on.
  while (std::chrono::system_clock::now() - before < std::chrono::milliseconds(20) && !loaded.filesChanged()) {
    std::ofstream(path, std::ios::in | std::ios::binary) << test::head;
    std::filesystem::last_write_time(path, time);
  }
  CHECK(std::filesystem::last_write_time(path) == time);
  CHECK(loaded.filesChanged());
}

TEST_CASE("A file that is gone has changed, and one that never was can appear") {
  const Folder folder;
  const std::string path = folder.write("zone", test::head);
  const ZoneLoad loaded = loadZone({path, Name("example.")});
  REQUIRE(loaded.ok());
  std::filesystem::remove(path);
  CHECK(loaded.filesChanged());
  const ZoneLoad missing = loadZone({path, Name("example.")});
  CHECK(!missing.ok());
  CHECK(missing.firstError() == path + ": error: cannot read the file: No such file or directory");
  CHECK(!missing.filesChanged());
  folder.write("zone", test::head);
  CHECK(missing.filesChanged());
}

TEST_CASE("The error of a zone without a record names its file") {
  const Folder folder;
  const std::string path = folder.write("zone", "; nothing\n");
  CHECK(loadZone({path, Name("example.")}).firstError() == path + ": error: there is no record; expected a zone");
  CHECK(loadZone({path, std::nullopt}).firstError() == path + ": error: there is no record; expected a zone");
}

TEST_CASE("A zone that does not parse is refused with its first error") {
  const Folder folder;
  const std::string path = folder.write("zone", std::string(test::head) + "www A nonsense\n");
  const ZoneLoad loaded = loadZone({path, Name("example.")});
  CHECK(!loaded.ok());
  CHECK(loaded.firstError().starts_with(path + ":6:7: error: A: 'nonsense'"));
  CHECK(loaded.files.size() == 1);
}

TEST_CASE("Many zones are loaded, each told once, good or bad") {
  const Folder folder;
  std::vector<ZoneSource> sources;
  for (int i = 0; i < 200; ++i) {
    const std::string origin = fmt::format("z{}.example.", i);
    const bool broken = i % 10 == 3;
    const auto text =
        broken ? std::string("broken\n") : fmt::format("$TTL 1\n@ SOA a.x. b.x. {} 2 3 4 5\n@ NS a.x.\n", i);
    sources.push_back({folder.write(origin, text), Name(origin)});
  }
  for (const unsigned threads : {1U, 4U}) {
    ZoneLoadOptions options;
    options.threads = threads;
    std::set<std::size_t> told;
    int good = 0;
    loadZones(sources, options, [&](std::size_t index, ZoneLoad loaded) {
      CHECK(told.insert(index).second);
      CHECK(loaded.ok() == (index % 10 != 3));
      if (loaded.ok()) good += loaded.zone->serial() == index;
    });
    CHECK(told.size() == sources.size());
    CHECK(good == 180);
  }
}

TEST_CASE("What goes wrong while zones are taken reaches the caller") {
  const Folder folder;
  const std::vector<ZoneSource> sources(5, ZoneSource{folder.write("zone", test::head), Name("example.")});
  CHECK_THROWS_AS(loadZones(sources, {}, [](std::size_t, ZoneLoad) { throw std::runtime_error("full"); }),
                  std::runtime_error);
}

TEST_CASE("A zone that is printed loads again to the same zone, in either form of RDATA") {
  const auto zone = zoneOf(
      "b TXT \"x;y\" \"\\001\\\"\"\n"
      "a\\.b.c MX 10 @\n"
      "*.w 7 A 192.0.2.2\n"
      "d NS ns.d\nns.d AAAA 2001:db8::1\n"
      "b RRSIG TXT 8 2 300 20300101000000 20200101000000 1 example. AAAA\n"
      "b TYPE65280 \\# 2 0102\n"
      "@ NSEC3PARAM 1 0 0 -\n"
      "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 0 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n");
  const std::string text = print(*zone);
  CHECK(text.starts_with("example. 300 IN SOA "));
  for (const RdataForm form : {RdataForm::presentation, RdataForm::generic}) {
    const ZoneLoad again = parseZone(print(*zone, form), Name("example."));
    INFO(again.firstError());
    REQUIRE(again.ok());
    CHECK(again.zone->recordCount() == zone->recordCount());
    CHECK(print(*again.zone) == text);
  }
}

TEST_CASE("The digest of RFC 8976 appendix A.1 is verified, and a zone that was changed is refused") {
  CHECK(withZonemd("").diagnostics.empty());
  const std::string record = fmt::format("@ 86400 ZONEMD 2018031900 1 1 {}\n", simpleDigest);
  const ZoneLoad good = withZonemd(record);
  INFO(good.firstError());
  REQUIRE(good.ok());
  CHECK(verifyZonemd(*good.zone).status == ZonemdResult::Status::verified);
  CHECK(good.diagnostics.empty());

  const ZoneLoad changed = withZonemd(record + "more 1 A 192.0.2.1\n");
  CHECK(!changed.ok());
  CHECK(changed.firstError() ==
        "text: error: example. ZONEMD: the digest with hash 1 does not match the zone (RFC 8976 section 4)");
}

TEST_CASE("ZONEMD records of unknown schemes are passed over, and required ones are missed") {
  const std::string unknown = "@ 86400 ZONEMD 2018031900 240 1 0102030405060708090a0b0c\n";
  CHECK(withZonemd(unknown).ok());
  CHECK(withZonemd(unknown).diagnostics.size() == 1);
  CHECK(!withZonemd(unknown, true).ok());
  CHECK(withZonemd(unknown + fmt::format("@ 86400 ZONEMD 2018031900 1 1 {}\n", simpleDigest), true).ok());
}

TEST_CASE("A ZONEMD of another serial, or two of one kind, verify nothing") {
  CHECK(withZonemd(fmt::format("@ 86400 ZONEMD 2018031901 1 1 {}\n", simpleDigest))
            .firstError()
            .find("made for serial 2018031901") != std::string::npos);
  CHECK(!withZonemd(
             fmt::format("@ 86400 ZONEMD 2018031900 1 1 {}\n@ 86400 ZONEMD 2018031900 1 1 {:096}\n", simpleDigest, 0))
             .ok());
}

TEST_CASE("A load tells how many records it has read, and stops where it is told to") {
  std::string text(test::head);
  for (int i = 0; i < 100'000; ++i) text += fmt::format("h{} A 192.0.2.1\n", i);
  std::size_t records = 0;
  std::size_t calls = 0;
  std::size_t lastCall = SIZE_MAX;
  ZoneLoadOptions options;
  options.progress = [&](std::size_t count) {
    records += count;
    return ++calls != lastCall;
  };
  const ZoneLoad whole = parseZone(text, std::nullopt, options);
  REQUIRE(whole.ok());
  CHECK_FALSE(whole.stopped);
  CHECK(records == whole.zone->recordCount());
  REQUIRE(calls > 5);

  // Wherever it stops, there is neither a zone nor an error.
  const std::size_t allCalls = calls;
  for (lastCall = 1; lastCall <= allCalls; ++lastCall) {
    calls = 0;
    const ZoneLoad part = parseZone(text, std::nullopt, options);
    CHECK(part.stopped);
    CHECK_FALSE(part.ok());
    CHECK(part.firstError().empty());
    CHECK(calls == lastCall);
  }
}

TEST_CASE("Of many zones none is loaded any more after a stop") {
  const Folder folder;
  std::vector<ZoneSource> sources(100);
  for (ZoneSource& source : sources) source.path = folder.write("z.zone", test::head);
  ZoneLoadOptions options;
  options.threads = 1;
  int loaded = 0;
  options.progress = [&](std::size_t) { return loaded < 3; };
  loadZones(sources, options, [&](std::size_t, const ZoneLoad& load) { loaded += load.ok(); });
  CHECK(loaded == 3);
}

TEST_CASE("What is wrong with a host that a record names is told with the file and line of that record") {
  const Folder folder;
  folder.write("hosts", "mail A 192.0.2.1\n@ MX 10 nowhere\n\nsub NS ns.sub\n");
  const std::string path = folder.write("z.zone", std::string(test::head) + "@ SRV 1 2 3 lost\n$INCLUDE hosts\n");
  const ZoneLoad loaded = loadZone({path, Name("example.")});
  REQUIRE(loaded.ok());
  std::vector<std::string> texts = messages(loaded);
  REQUIRE(texts.size() == 3);
  std::sort(texts.begin(), texts.end());
  CHECK(texts[0].find("/hosts:2: warning: example. MX 10 nowhere") != std::string::npos);
  CHECK(texts[1].find("/hosts:4: warning: sub.example. NS ns.sub") != std::string::npos);
  CHECK(texts[2].find("/z.zone:6: warning: example. SRV 1 2 3 lost") != std::string::npos);
}

TEST_CASE("A zone of many blocks of records is the same whatever the order of its file, and so are its messages") {
  std::vector<std::string> lines;
  for (int i = 0; i < 30'000; ++i) lines.push_back(fmt::format("d{:05} NS ns.d{:05}\n", i, i));
  for (int i = 0; i < 30'000; i += 2) lines.push_back(fmt::format("ns.d{:05} A 192.0.2.1\n", i));
  const auto build = [&] {
    std::string text(test::head);
    for (const std::string& line : lines) text += line;
    return parseZone(text, Name("example."));
  };
  const ZoneLoad one = build();
  std::reverse(lines.begin(), lines.end());
  const ZoneLoad other = build();
  REQUIRE(one.ok());
  REQUIRE(other.ok());
  const std::string inOrder = print(*one.zone);
  CHECK(inOrder == print(*other.zone));
  CHECK(inOrder == print(*parseZone(inOrder).zone));
  CHECK(one.diagnostics.size() == other.diagnostics.size());
  CHECK(messages(one).front().find("7: warning: d00001.example. NS ns.d00001.example.") != std::string::npos);
}

}  // namespace zone_file_test
