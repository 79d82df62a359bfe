#include "taut/zone/difference_between.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "taut/zone/recent_differences.hpp"
#include "taut/zone/zone_file.hpp"

namespace difference_test {

using namespace taut;

namespace {

using Texts = std::vector<std::string>;

std::shared_ptr<const Zone> version(std::uint32_t serial, std::string_view body) {
  const std::string text = fmt::format(
      "$ORIGIN example.\n$TTL 300\n@ SOA ns1 hostmaster {} 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\n{}", serial,
      body);
  const ZoneLoad loaded = parseZone(text, Name("example."));
  REQUIRE_MESSAGE(loaded.ok(), loaded.firstError());
  return loaded.zone;
}

Texts textOf(const RecordList& list) {
  Texts texts;
  for (const ZoneRecord& record : list) texts.push_back(fmt::format("{} {} {}", record.owner, record.ttl, record.type));
  return texts;
}

Texts serialsOf(const DifferenceSource::Differences& differences) {
  Texts texts;
  for (const auto& each : differences) texts.push_back(fmt::format("{}-{}", each->from().value(), each->to().value()));
  return texts;
}

}  // namespace

TEST_CASE("a difference has what goes and what comes, the SOAs first") {
  const auto before = version(1, "a A 192.0.2.2\nb A 192.0.2.3\nb A 192.0.2.4\nc TXT x\n");
  const auto after = version(2, "aa A 192.0.2.2\nb A 192.0.2.3\nb A 192.0.2.5\nc TXT x\nc MX 1 ns1\n");
  const auto difference = differenceBetween(*before, *after, 10000);
  REQUIRE(difference);
  CHECK(difference->from() == Serial(1));
  CHECK(difference->to() == Serial(2));
  CHECK(textOf(difference->removed()) == Texts{"example. 300 SOA", "a.example. 300 A", "b.example. 300 A"});
  CHECK(textOf(difference->added()) ==
        Texts{"example. 300 SOA", "aa.example. 300 A", "b.example. 300 A", "c.example. 300 MX"});
}

TEST_CASE("changes of a TTL alone, of a name's case alone and of a signature alone are differences") {
  SUBCASE("TTL") {
    const auto difference =
        differenceBetween(*version(1, "a 60 A 192.0.2.2\n"), *version(2, "a 61 A 192.0.2.2\n"), 9999);
    CHECK(textOf(difference->removed()) == Texts{"example. 300 SOA", "a.example. 60 A"});
    CHECK(textOf(difference->added()) == Texts{"example. 300 SOA", "a.example. 61 A"});
  }
  SUBCASE("case") {
    const auto difference = differenceBetween(*version(1, "a A 192.0.2.2\n"), *version(2, "A A 192.0.2.2\n"), 9999);
    CHECK(textOf(difference->removed()) == Texts{"example. 300 SOA", "a.example. 300 A"});
    CHECK(textOf(difference->added()) == Texts{"example. 300 SOA", "A.example. 300 A"});
  }
  SUBCASE("signature") {
    const std::string_view text = "a A 192.0.2.2\na RRSIG A 13 2 300 20300101000000 20200101000000 {} example. AAAA\n";
    const auto difference = differenceBetween(*version(1, fmt::format(fmt::runtime(text), 1)),
                                              *version(2, fmt::format(fmt::runtime(text), 2)), 9999);
    CHECK(textOf(difference->removed()) == Texts{"example. 300 SOA", "a.example. 300 RRSIG"});
    CHECK(textOf(difference->added()) == Texts{"example. 300 SOA", "a.example. 300 RRSIG"});
  }
  SUBCASE("nothing but the SOA") {
    const auto difference = differenceBetween(*version(1, "a A 192.0.2.2\n"), *version(2, "a A 192.0.2.2\n"), 9999);
    CHECK(difference->removed().size() == 1);
    CHECK(difference->added().size() == 1);
  }
}

TEST_CASE("a difference that is too large is none") {
  CHECK(!differenceBetween(*version(1, "a A 192.0.2.2\n"), *version(2, "b A 192.0.2.2\n"), 100));
}

TEST_CASE("the differences from each version that is kept lead to the one that is served") {
  RecentDifferences recent;
  std::vector<std::shared_ptr<const Zone>> versions;
  for (std::uint32_t serial = 1; serial <= 4; ++serial) {
    versions.push_back(version(serial, fmt::format("a A 192.0.2.{}\n", serial)));
    if (serial > 1) recent.replaced(*versions[serial - 2], *versions.back());
  }
  const Zone& newest = *versions.back();
  constexpr std::size_t all = 1000000;
  CHECK(serialsOf(recent.find(newest, {}, Serial(1), all)) == Texts{"1-2", "2-3", "3-4"});
  CHECK(serialsOf(recent.find(newest, {}, Serial(3), all)) == Texts{"3-4"});
  CHECK(recent.find(newest, {}, Serial(4), all).empty());
  CHECK(recent.find(newest, {}, Serial(9), all).empty());
  CHECK(recent.find(newest, "view", Serial(1), all).empty());
  CHECK(recent.find(newest, {}, Serial(1), 100).empty());
  // A shard may serve the version before still.
  CHECK(serialsOf(recent.find(*versions[2], {}, Serial(1), all)) == Texts{"1-2", "2-3"});

  SUBCASE("a zone that changes without its serial begins anew") {
    recent.replaced(newest, *version(4, "b A 192.0.2.1\n"));
    CHECK(recent.find(newest, {}, Serial(1), all).empty());
    CHECK(recent.octets() == 0);
  }
  SUBCASE("a zone whose serial goes back begins anew") {
    const auto older = version(3, "b A 192.0.2.1\n");
    recent.replaced(newest, *older);
    CHECK(recent.find(*older, {}, Serial(1), all).empty());
  }
  SUBCASE("a zone that is served no more is forgotten") {
    recent.forget(newest.origin());
    CHECK(recent.find(newest, {}, Serial(1), all).empty());
  }
  SUBCASE("a difference that does not follow the last one begins anew") {
    const auto later = version(7, "");
    recent.replaced(*version(6, ""), *later);
    CHECK(serialsOf(recent.find(*later, {}, Serial(6), all)) == Texts{"6-7"});
    CHECK(recent.find(newest, {}, Serial(1), all).empty());
  }
}

TEST_CASE("the oldest differences go when there are too many") {
  RecentDifferences recent;
  auto before = version(1, "");
  for (std::uint32_t serial = 2; serial <= RecentDifferences::maxVersions + 3; ++serial) {
    auto after = version(serial, fmt::format("a TXT {}\n", serial));
    recent.replaced(*before, *after);
    before = std::move(after);
  }
  CHECK(recent.find(*before, {}, Serial(2), 10000000).empty());
  CHECK(recent.find(*before, {}, Serial(3), 10000000).size() == RecentDifferences::maxVersions);
}

TEST_CASE("the oldest differences go when they take too much") {
  RecentDifferences recent;
  const auto bodyOf = [](std::uint32_t serial) {
    std::string body;
    for (int i = 0; i < 3000; ++i) body += fmt::format("name{} TXT {}{}\n", i, serial, std::string(90, 'x'));
    return body;
  };
  auto before = version(1, bodyOf(1));
  for (std::uint32_t serial = 2; serial <= 5; ++serial) {
    auto after = version(serial, bodyOf(serial));
    recent.replaced(*before, *after);
    before = std::move(after);
  }
  CHECK(recent.octets() <= RecentDifferences::maxOctets(*before));
  CHECK(recent.find(*before, {}, Serial(1), 100000000).empty());
  CHECK(recent.find(*before, {}, Serial(4), 100000000).size() == 1);
}

}  // namespace difference_test
