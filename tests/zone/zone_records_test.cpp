#include "taut/zone/zone_records.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "taut/dns/rdata.hpp"
#include "taut/zone/zone_writer.hpp"
#include "zone/zone_text.hpp"

using namespace taut;
using test::zoneOf;
using namespace std::chrono_literals;

namespace {

const Name origin("example.");
const Name www("www.example.");

rdata::DS keyDigest() {
  rdata::DS ds;
  ds.digest = {1, 2, 3, 4};
  return ds;
}

std::string textOf(const Zone& zone) {
  std::string text;
  writeZone(zone, [&text](std::string_view piece) { text += piece; });
  return text;
}

// Makes the next version, which the records have from then on.
const Zone& makeVersion(ZoneRecords& records) {
  const ZoneBuild build = records.freeze().build();
  REQUIRE(build.zone);
  records.adopt(build.zone);
  return records.zone();
}

bool applies(ZoneRecords& records, const ZoneChange& change) {
  const auto applied = records.apply(change);
  REQUIRE_MESSAGE(applied.ok(), (applied.ok() ? std::string() : applied.error()));
  return *applied;
}

// Why the change is refused.
template <class Steps>
std::string refusal(const Steps& steps, std::string_view zone = "") {
  ZoneRecords records(zoneOf(zone));
  ZoneChange change;
  change.add(www, 1h, rdata::A(192, 0, 2, 80));
  steps(change);
  const auto applied = records.apply(change);
  CHECK_FALSE(records.hasChanges());
  REQUIRE_FALSE(applied.ok());
  return applied.error();
}

}  // namespace

TEST_CASE("A version has what was added and replaced, and not what was removed") {
  ZoneRecords records(
      zoneOf("a A 192.0.2.1\na TXT x\nb A 192.0.2.1\nb A 192.0.2.2\nc MX 1 Mail\nd A 192.0.2.1\nd TXT d\n"));
  ZoneChange change;
  change.add(www, 5min, rdata::A(192, 0, 2, 80));
  change.remove(Name("A.example."), Type::TXT);
  change.remove(Name("b.example."), rdata::A(192, 0, 2, 1));
  change.remove(Name("c.example."), rdata::MX(1, Name("mail.EXAMPLE.")));
  change.removeName(Name("d.example."));
  change.replace(Name("ns1.example."), 1h, {rdata::A(192, 0, 2, 9), rdata::A(192, 0, 2, 8)});
  change.replace(Name("e.example."), 1h, std::vector{rdata::TXT("e")});
  CHECK(applies(records, change));
  CHECK(records.hasChanges());
  CHECK(textOf(makeVersion(records)) ==
        "example. 300 IN SOA ns1.example. hostmaster.example. 8 3600 600 86400 60\n"
        "example. 300 IN NS ns1.example.\n"
        "a.example. 300 IN A 192.0.2.1\n"
        "b.example. 300 IN A 192.0.2.2\n"
        "e.example. 3600 IN TXT \"e\"\n"
        "ns1.example. 3600 IN A 192.0.2.8\n"
        "ns1.example. 3600 IN A 192.0.2.9\n"
        "www.example. 300 IN A 192.0.2.80\n");
  CHECK_FALSE(records.hasChanges());
}

TEST_CASE("What is there already and what is not there changes nothing") {
  ZoneRecords records(zoneOf("mail MX 1 Host\n"));
  ZoneChange change;
  change.add(Name("MAIL.example."), 5min, rdata::MX(1, Name("host.example.")));
  change.remove(Name("mail.example."), rdata::MX(2, Name("host.example.")));
  change.remove(www, Type::A);
  change.removeName(Name("none.example."));
  change.add(www, 5min, rdata::A(192, 0, 2, 1));
  change.remove(www, rdata::A(192, 0, 2, 1));
  CHECK_FALSE(applies(records, change));
  CHECK_FALSE(records.hasChanges());
  CHECK_FALSE(applies(records, ZoneChange()));
}

TEST_CASE("The TTL of a record that is added is that of its whole RRset") {
  ZoneRecords records(zoneOf("www A 192.0.2.1\n"));
  ZoneChange change;
  change.add(www, 10s, rdata::A(192, 0, 2, 2));
  CHECK(applies(records, change));
  const RRset addresses = makeVersion(records).node(www).rrset(Type::A).data;
  CHECK(addresses.count == 2);
  CHECK(addresses.ttl == 10);
}

TEST_CASE("A change with one wrong step is refused whole, and says which record is wrong") {
  const std::vector<std::uint8_t> three(3);
  const Name wild("*.example.");
  CHECK(refusal([](ZoneChange& c) { c.add(Name("www.example.org."), 1h, rdata::A(1, 2, 3, 4)); }) ==
        "www.example.org.: not in the zone example.");
  CHECK(refusal([](ZoneChange& c) { c.removeName(Name("org.")); }) == "org.: not in the zone example.");
  CHECK(refusal([](ZoneChange& c) { c.add(www, 1h, rdata::CNAME(origin)); }) ==
        "www.example. A: beside a CNAME (RFC 2181 section 10.1)");
  CHECK(refusal([](ZoneChange& c) { c.add(Name("a.example."), 1h, rdata::CNAME(origin)); }, "a CNAME www\n") ==
        "a.example. CNAME: there would be two");
  CHECK(refusal([](ZoneChange& c) { c.add(origin, 1h, rdata::SOA(origin, origin, 1, 2, 3, 4, 5)); }) ==
        "example. SOA: there would be two");
  CHECK(refusal([](ZoneChange& c) { c.add(www, 1h, rdata::SOA(origin, origin, 1, 2, 3, 4, 5)); }) ==
        "www.example. SOA: not at the top of the zone example.");
  CHECK(refusal([](ZoneChange& c) { c.remove(origin, Type::SOA); }) == "example. SOA: each zone needs one");
  CHECK(refusal([](ZoneChange& c) { c.remove(origin, rdata::NS(Name("ns1.example."))); }) ==
        "example. NS: each zone needs one");
  CHECK(refusal([](ZoneChange& c) { c.removeName(origin); }) == "example. SOA: each zone needs one");
  CHECK(refusal([&](ZoneChange& c) { c.add(wild, 1h, rdata::NS(www)); }) ==
        "*.example. NS: a wildcard cannot be delegated (RFC 4592 section 4.2)");
  CHECK(refusal([](ZoneChange& c) { c.add(origin, 1h, keyDigest()); }) ==
        "example. DS: at the top of the zone, but it belongs to the parent");
  CHECK(refusal([&](ZoneChange& c) { c.add(www, Type::A, 1, three); }) ==
        "www.example. A: the RDATA is none of this type");
  CHECK(refusal([&](ZoneChange& c) { c.add(www, Type::ANY, 1, three); }) ==
        "www.example. ANY: no record has this type");
  CHECK(refusal([](ZoneChange& c) { c.add(www, 1h, rdata::NSEC()); }) ==
        "www.example. NSEC: a zone that changes is not signed, and has no such record");
  CHECK(refusal([](ZoneChange& c) { c.add(www, 1h, rdata::TXT(std::string(256, 'x'))); }) ==
        "www.example. TXT: the RDATA has no wire form");
  CHECK(refusal([](ZoneChange& c) { c.add(www, Type::TXT, 1, std::vector<std::uint8_t>(65536)); }) ==
        "www.example. TXT: the RDATA has no wire form");
}

TEST_CASE("The order of steps within a change does not matter for what is allowed in the end") {
  ZoneRecords records(zoneOf("www A 192.0.2.1\n"));
  ZoneChange change;
  change.remove(origin, Type::NS);
  change.add(www, 1h, rdata::CNAME(Name("ns1.example.")));
  change.add(origin, 1h, rdata::NS(Name("ns.elsewhere.")));
  change.remove(www, Type::A);
  CHECK(applies(records, change));
  const Zone& zone = makeVersion(records);
  CHECK(zone.node(www).hasCname());
  CHECK(zone.apex().rrset(Type::NS).data.count == 1);
}

TEST_CASE("An RRset of 65535 records takes no further one") {
  ZoneRecords records(zoneOf(""));
  ZoneChange change;
  std::array<std::uint8_t, 4> address{};
  for (std::uint32_t i = 0; i < 65535; ++i) {
    storeU32(address.data(), i);
    change.add(www, Type::A, 1, address);
  }
  CHECK(applies(records, change));
  ZoneChange further;
  further.add(www, 1s, rdata::A(192, 0, 2, 1));
  const auto refused = records.apply(further);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error() == "www.example. A: over 65535 records in one RRset");
  CHECK(makeVersion(records).node(www).rrset(Type::A).data.count == 65535);
}

TEST_CASE(
    "Each version has the serial after the one before, over the end of the numbers, or a greater one that is given") {
  ZoneRecords records(zoneOf(""));
  const auto next = [&records](std::uint32_t given) {
    ZoneChange change;
    change.replace(origin, 1h, {rdata::SOA(origin, origin, given, 2, 3, 4, 5)});
    CHECK(applies(records, change));
    return makeVersion(records).serial();
  };
  auto nextWithout = [&records, i = 0]() mutable {
    ZoneChange change;
    change.add(www, std::chrono::seconds(++i), rdata::A(192, 0, 2, 1));
    CHECK(applies(records, change));
    return makeVersion(records).serial();
  };
  CHECK(records.zone().serial() == 7);
  CHECK(nextWithout() == 8);
  CHECK(next(100) == 100);
  CHECK(nextWithout() == 101);
  CHECK(next(3) == 102);
  CHECK(next(102 + 0x7fffffffu) == 102 + 0x7fffffffu);
  CHECK(next(0xffffffff) == 0xffffffff);
  CHECK(nextWithout() == 0);
  CHECK(nextWithout() == 1);
  CHECK(next(0x80000001) == 2);  // as far away as can be: neither number is greater
}

TEST_CASE("What changes while a version is made is in the next one") {
  ZoneRecords records(zoneOf("a A 192.0.2.1\n"));
  const Name a("a.example.");
  ZoneChange first;
  first.add(a, 5min, rdata::A(192, 0, 2, 2));
  CHECK(applies(records, first));
  const ZoneRecords::Frozen frozen = records.freeze();
  ZoneChange second;
  second.remove(a, rdata::A(192, 0, 2, 1));
  second.add(www, 5min, rdata::A(192, 0, 2, 80));
  CHECK(applies(records, second));

  const ZoneBuild build = frozen.build();
  REQUIRE(build.zone);
  CHECK(build.zone->node(a).rrset(Type::A).data.count == 2);
  CHECK_FALSE(build.zone->node(www));
  records.adopt(build.zone);
  const Zone& next = makeVersion(records);
  CHECK(next.node(a).rrset(Type::A).data.count == 1);
  CHECK(next.node(www));
  CHECK(next.serial() == 9);
}

TEST_CASE("The changes of a version that could not be made are in the next one, with those that came later") {
  ZoneRecords records(zoneOf("a A 192.0.2.1\nb A 192.0.2.1\n"));
  ZoneChange first;
  first.removeName(Name("a.example."));
  first.removeName(Name("b.example."));
  CHECK(applies(records, first));
  CHECK_FALSE(records.freeze().build([] { return false; }).zone);
  ZoneChange second;
  second.add(Name("b.example."), 5min, rdata::A(192, 0, 2, 2));
  CHECK(applies(records, second));
  records.giveUp();
  const Zone& zone = makeVersion(records);
  CHECK_FALSE(zone.node(Name("a.example.")));
  CHECK(zone.node(Name("b.example.")).rrset(Type::A).data.count == 1);
  CHECK(zone.serial() == 8);
}

TEST_CASE("A zone that is signed, not loaded or null does not change") {
  const auto signedZone = zoneOf("@ RRSIG SOA 8 1 300 20300101000000 20200101000000 1 example. AAAA\n");
  CHECK_THROWS_AS(ZoneRecords{signedZone}, std::invalid_argument);
  CHECK_THROWS_AS(ZoneRecords{zoneOf("a NSEC b A\n")}, std::invalid_argument);
  CHECK_THROWS_AS(ZoneRecords{Zone::notLoaded(origin)}, std::invalid_argument);
  CHECK_THROWS_AS(ZoneRecords{nullptr}, std::invalid_argument);
}

namespace {

// Adds one of a few records, at one of a few names, or removes it, so that many steps meet.
class RandomSteps {
 public:
  void addTo(ZoneChange& change) {
    const Name owner = names_[random_() % std::size(names_)];
    const Name target = names_[random_() % std::size(names_)];
    const bool removes = random_() % 3 == 0;
    const auto step = [&](const auto& rdata) { removes ? change.remove(owner, rdata) : change.add(owner, 1h, rdata); };
    switch (random_() % 8) {
      case 0:
        return step(rdata::CNAME(target));
      case 1:
        return step(rdata::NS(target));
      case 2:
        return step(rdata::DNAME(target));
      case 3:
        return step(rdata::SOA(target, target, 1, 2, 3, 4, 5));
      case 4:
        return step(rdata::MX(1, target));
      case 5:
        return step(keyDigest());
      case 6:
        return change.removeName(owner);
      default:
        return step(rdata::A(192, 0, 2, static_cast<std::uint8_t>(random_() % 3)));
    }
  }
  std::size_t below(std::size_t limit) { return random_() % limit; }

 private:
  std::mt19937 random_{1034};
  const Name names_[6] = {
      origin, www, Name("a.b.example."), Name("*.b.example."), Name("B.example."), Name("A.example.")};
};

}  // namespace

TEST_CASE("Whatever changes are taken, a zone can be built with them") {
  RandomSteps steps;
  ZoneRecords records(zoneOf(""));
  int taken = 0;
  for (int i = 0; i < 3000; ++i) {
    ZoneChange change;
    for (std::size_t left = 1 + steps.below(4); left > 0; --left) steps.addTo(change);
    taken += records.apply(change).ok();
    const ZoneBuild build = records.freeze().build();
    for (const Diagnostic& diagnostic : build.diagnostics)
      REQUIRE_MESSAGE(!diagnostic.isError(), diagnostic.toString());
    records.adopt(build.zone);
  }
  CHECK(taken > 300);
  CHECK(taken < 2700);
}
