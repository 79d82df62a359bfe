#include "taut/zone/zone_update.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "taut/dns/rdata.hpp"
#include "taut/zone/master_file.hpp"
#include "taut/zone/zone_builder.hpp"
#include "taut/zone/zone_settling.hpp"
#include "taut/zone/zone_writer.hpp"
#include "zone/zone_text.hpp"

namespace zone_update_test {

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

// A zone, version after version.
class Versions {
 public:
  explicit Versions(std::shared_ptr<const Zone> first) : zone_(std::move(first)) {}

  Result<ZoneUpdate, std::string> tryApply(const ZoneChange& change) {
    auto updated = updateZone(zone_, change, Serial(zone_->serial()));
    if (updated) zone_ = updated->zone;
    return updated;
  }
  // Whether that changes anything.
  bool apply(const ZoneChange& change) {
    const auto updated = tryApply(change);
    REQUIRE_MESSAGE(updated.ok(), (updated.ok() ? std::string() : updated.error()));
    return updated->difference.has_value();
  }
  const std::shared_ptr<const Zone>& zone() const { return zone_; }

 private:
  std::shared_ptr<const Zone> zone_;
};

// Why the change is refused.
template <class Steps>
std::string refusal(const Steps& steps, std::string_view zone = "") {
  const auto before = zoneOf(zone);
  Versions versions(before);
  ZoneChange change;
  change.add(www, 1h, rdata::A(192, 0, 2, 80));
  steps(change);
  const auto updated = versions.tryApply(change);
  CHECK(versions.zone() == before);
  REQUIRE_FALSE(updated.ok());
  return updated.error();
}

std::string textOf(const RecordList& records) {
  std::string text;
  for (const ZoneRecord& record : records) {
    fmt::memory_buffer buffer;
    writeRecord(record.owner, record.ttl, Class::IN, record.type, record.rdata, buffer);
    text += fmt::to_string(buffer);
  }
  return text;
}

}  // namespace

TEST_CASE("A version has what was added and replaced, and not what was removed") {
  Versions versions(
      zoneOf("a A 192.0.2.1\na TXT x\nb A 192.0.2.1\nb A 192.0.2.2\nc MX 1 Mail\nd A 192.0.2.1\nd TXT d\n"));
  ZoneChange change;
  change.add(www, 5min, rdata::A(192, 0, 2, 80));
  change.remove(Name("A.example."), Type::TXT);
  change.remove(Name("b.example."), rdata::A(192, 0, 2, 1));
  change.remove(Name("c.example."), rdata::MX(1, Name("mail.EXAMPLE.")));
  change.removeName(Name("d.example."));
  change.replace(Name("ns1.example."), 1h, {rdata::A(192, 0, 2, 9), rdata::A(192, 0, 2, 8)});
  change.replace(Name("e.example."), 1h, std::vector{rdata::TXT("e")});
  CHECK(versions.apply(change));
  CHECK(textOf(*versions.zone()) ==
        "example. 300 IN SOA ns1.example. hostmaster.example. 8 3600 600 86400 60\n"
        "example. 300 IN NS ns1.example.\n"
        "a.example. 300 IN A 192.0.2.1\n"
        "b.example. 300 IN A 192.0.2.2\n"
        "e.example. 3600 IN TXT \"e\"\n"
        "ns1.example. 3600 IN A 192.0.2.8\n"
        "ns1.example. 3600 IN A 192.0.2.9\n"
        "www.example. 300 IN A 192.0.2.80\n");
}

TEST_CASE("What is there already and what is not there changes nothing") {
  Versions versions(zoneOf("mail MX 1 Host\n"));
  ZoneChange change;
  change.add(Name("MAIL.example."), 5min, rdata::MX(1, Name("host.example.")));
  change.remove(Name("mail.example."), rdata::MX(2, Name("host.example.")));
  change.remove(www, Type::A);
  change.removeName(Name("none.example."));
  change.add(www, 5min, rdata::A(192, 0, 2, 1));
  change.remove(www, rdata::A(192, 0, 2, 1));
  CHECK_FALSE(versions.apply(change));
  CHECK_FALSE(versions.apply(ZoneChange()));
}

TEST_CASE("The TTL of a record that is added is that of its whole RRset") {
  Versions versions(zoneOf("www A 192.0.2.1\n"));
  ZoneChange change;
  change.add(www, 10s, rdata::A(192, 0, 2, 2));
  CHECK(versions.apply(change));
  const RRset addresses = versions.zone()->node(www).rrset(Type::A).data;
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
  Versions versions(zoneOf("www A 192.0.2.1\n"));
  ZoneChange change;
  change.remove(origin, Type::NS);
  change.add(www, 1h, rdata::CNAME(Name("ns1.example.")));
  change.add(origin, 1h, rdata::NS(Name("ns.elsewhere.")));
  change.remove(www, Type::A);
  CHECK(versions.apply(change));
  const Zone& zone = *versions.zone();
  CHECK(zone.node(www).hasCname());
  CHECK(zone.apex().rrset(Type::NS).data.count == 1);
}

TEST_CASE("An RRset of 65535 records takes no further one") {
  Versions versions(zoneOf(""));
  ZoneChange change;
  std::array<std::uint8_t, 4> address{};
  for (std::uint32_t i = 0; i < 65535; ++i) {
    storeU32(address.data(), i);
    change.add(www, Type::A, 1, address);
  }
  CHECK(versions.apply(change));
  ZoneChange further;
  further.add(www, 1s, rdata::A(192, 0, 2, 1));
  const auto refused = versions.tryApply(further);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error() == "www.example. A: over 65535 records in one RRset");
  CHECK(versions.zone()->node(www).rrset(Type::A).data.count == 65535);
}

TEST_CASE(
    "Each version has the serial after the one before, over the end of the numbers, or a greater one that is given") {
  Versions versions(zoneOf(""));
  const auto next = [&versions](std::uint32_t given) {
    ZoneChange change;
    change.replace(origin, 1h, {rdata::SOA(origin, origin, given, 2, 3, 4, 5)});
    CHECK(versions.apply(change));
    return versions.zone()->serial();
  };
  auto nextWithout = [&versions, i = 0]() mutable {
    ZoneChange change;
    change.add(www, std::chrono::seconds(++i), rdata::A(192, 0, 2, 1));
    CHECK(versions.apply(change));
    return versions.zone()->serial();
  };
  CHECK(versions.zone()->serial() == 7);
  CHECK(nextWithout() == 8);
  CHECK(next(100) == 100);
  CHECK(nextWithout() == 101);
  CHECK(next(3) == 102);
  CHECK(next(102 + 0x7fffffffu) == 102 + 0x7fffffffu);
  CHECK(next(0xffffffff) == 0xffffffff);
  CHECK(nextWithout() == 1);     // 0 is left out
  CHECK(next(0x80000001) == 2);  // as far away as can be: neither number is greater
}

TEST_CASE("A zone that is signed or not loaded takes no change") {
  const auto signedZone = zoneOf("@ RRSIG SOA 8 1 300 20300101000000 20200101000000 1 example. AAAA\n");
  CHECK(reasonAgainstChanges(*signedZone));
  CHECK(reasonAgainstChanges(*zoneOf("a NSEC b A\n")) ==
        "a.example. NSEC: the zone is signed, and a change would leave its signatures and proofs wrong");
  CHECK(reasonAgainstChanges(*Zone::notLoaded(origin)) == "the zone example. is not loaded");
  CHECK_FALSE(reasonAgainstChanges(*zoneOf("a A 192.0.2.1\n")));
  ZoneChange change;
  change.add(www, 1h, rdata::A(192, 0, 2, 80));
  CHECK_FALSE(Versions(signedZone).tryApply(change).ok());
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

TEST_CASE("Whatever changes are taken, a zone can be built with them, and is the same") {
  RandomSteps steps;
  Versions versions(zoneOf(""));
  int taken = 0;
  for (int i = 0; i < 3000; ++i) {
    ZoneChange change;
    for (std::size_t left = 1 + steps.below(4); left > 0; --left) steps.addTo(change);
    taken += versions.tryApply(change).ok();
    const std::string text = textOf(*versions.zone());
    ZoneLoadOptions options;
    options.checks.requireNsAddresses = false;
    const ZoneLoad load = parseZone(text, origin, options);
    REQUIRE(load.ok());
    REQUIRE(textOf(*load.zone) == text);
  }
  CHECK(taken > 300);
  CHECK(taken < 2700);
}

namespace {

// Puts the records of a text into a list.
class Listing final : public MasterFileHandler {
 public:
  bool onRecord(const MasterRecord& record) override {
    list.add({record.owner, record.type, record.ttl, record.rdata});
    return true;
  }
  bool onDiagnostic(Diagnostic diagnostic) override {
    FAIL(diagnostic.toString());
    return false;
  }

  RecordList list;
};

// The difference that leads from one zone to another, as text has them.
ZoneDifference difference(std::string_view removed, std::string_view added, std::uint32_t from = 7) {
  const auto listOf = [](std::uint32_t serial, std::string_view text) {
    const auto soa = fmt::format("$ORIGIN example.\n$TTL 300\n@ SOA ns1 hostmaster {} 3600 600 86400 60\n", serial);
    Listing listing;
    scanMasterText(soa + std::string(text), "text", MasterFileOptions(), listing);
    return listing.list;
  };
  return {listOf(from, removed), listOf(from + 1, added)};
}

// Why the differences are refused.
std::string refusalOf(std::string_view zone, const std::vector<ZoneDifference>& differences) {
  const auto updated = updateZone(zoneOf(zone), differences);
  return updated.ok() ? "taken" : updated.error();
}

}  // namespace

TEST_CASE("An update says what has changed, the SOA first, and nothing of what was there or was not there") {
  const auto zone = zoneOf("a A 192.0.2.1\na TXT x\nb A 192.0.2.1\nb A 192.0.2.2\nc MX 1 Mail\n");
  ZoneChange change;
  change.remove(Name("a.example."), Type::TXT);
  change.removeName(Name("nowhere.example."));
  change.add(Name("a.example."), 5min, rdata::A(192, 0, 2, 1));
  change.add(Name("b.example."), 6min, rdata::A(192, 0, 2, 3));
  const auto updated = updateZone(zone, change, Serial(7));
  REQUIRE(updated.ok());
  REQUIRE(updated->difference);
  CHECK(updated->difference->from() == Serial(7));
  CHECK(updated->difference->to() == Serial(8));
  CHECK(textOf(updated->difference->removed()) ==
        "example. 300 IN SOA ns1.example. hostmaster.example. 7 3600 600 86400 60\n"
        "a.example. 300 IN TXT \"x\"\n"
        "b.example. 300 IN A 192.0.2.1\n"
        "b.example. 300 IN A 192.0.2.2\n");
  CHECK(textOf(updated->difference->added()) ==
        "example. 300 IN SOA ns1.example. hostmaster.example. 8 3600 600 86400 60\n"
        "b.example. 360 IN A 192.0.2.1\n"
        "b.example. 360 IN A 192.0.2.2\n"
        "b.example. 360 IN A 192.0.2.3\n");
  const std::vector again{*updated->difference};
  const auto replayed = updateZone(zone, again);
  REQUIRE(replayed.ok());
  CHECK(textOf(*replayed->zone) == textOf(*updated->zone));
}

TEST_CASE("Several differences are one update, and each begins where the one before has ended") {
  const auto zone = zoneOf("a A 192.0.2.1\n");
  const std::vector differences{difference("a A 192.0.2.1\n", "b A 192.0.2.2\n"),
                                difference("b A 192.0.2.2\n", "c A 192.0.2.3\n", 8)};
  const auto updated = updateZone(zone, differences);
  REQUIRE(updated.ok());
  CHECK(updated->zone->serial() == 9);
  CHECK_FALSE(updated->zone->node(Name("a.example.")));
  CHECK_FALSE(updated->zone->node(Name("b.example.")));
  CHECK(updated->zone->node(Name("c.example.")));
  CHECK(updated->difference->removed().size() == 2);
  CHECK(refusalOf("a A 192.0.2.1\n", {differences[1]}) ==
        "the history differs: example. SOA ns1.example. hostmaster.example. 8 3600 600 86400 60 is to go, and is not "
        "there");
}

TEST_CASE("Differences are strict: what goes is there, and what comes is not") {
  CHECK(refusalOf("", {difference("a A 192.0.2.1\n", "")}) ==
        "the history differs: a.example. A 192.0.2.1 is to go, and is not there");
  CHECK(refusalOf("a A 192.0.2.1\n", {difference("", "a A 192.0.2.1\n")}) ==
        "the history differs: a.example. A 192.0.2.1 is to come, and is there");
  CHECK(refusalOf("a MX 1 mail\n", {difference("a 9 MX 1 MAIL\n", "")}) == "taken");
  CHECK(refusalOf("", {difference("org. A 192.0.2.1\n", "org. A 192.0.2.2\n")}) == "taken");
}

TEST_CASE("Differences that ZoneBuilder would refuse the zone for are refused") {
  CHECK(refusalOf("a CNAME b\n", {difference("", "a A 192.0.2.1\n")}) ==
        "a.example. A: beside a CNAME (RFC 2181 section 10.1)");
  CHECK(refusalOf("", {difference("@ NS ns1\n", "")}) == "example. NS: each zone needs one");
  CHECK(refusalOf("", {difference("ns1 A 192.0.2.1\n", "")}) ==
        "example. NS ns1.example.: ns1.example. has no address record (A or AAAA)");
  CHECK(refusalOf("", {difference("", "@ CDS 1 13 200 00\n")})
            .ends_with("algorithm 13 is that of no DNSKEY here (RFC 7344 section 4.1)"));
  CHECK(refusalOf("", {difference("", "@ ZONEMD 8 1 1 " + std::string(96, '0') + "\n")})
            .starts_with("example. ZONEMD: "));
}

TEST_CASE(
    "What led to a version leads there from another image, also where an address or a digest is missing or wrong") {
  const auto zone = zoneOf("a A 192.0.2.1\n");
  const std::vector differences{
      std::make_shared<const ZoneDifference>(
          difference("ns1 A 192.0.2.1\n", "@ ZONEMD 8 1 1 " + std::string(96, '0') + "\n")),
      std::make_shared<const ZoneDifference>(difference("a A 192.0.2.1\n", "b A 192.0.2.2\n", 8))};
  const auto replayed = replay(settle(*zone), differences);
  REQUIRE(replayed.ok());
  CHECK((*replayed)->serial() == 9);
  CHECK((*replayed)->apex().has(Type::ZONEMD));
  CHECK((*replayed)->node(Name("b.example.")));
  CHECK_FALSE((*replayed)->node(Name("a.example.")));
  CHECK_FALSE(replay(zone, std::span(differences).subspan(1)).ok());
  CHECK(*replay(zone, {}) == zone);
}

TEST_CASE("A difference in the case of an owner alone is one") {
  const auto zone = zoneOf("Host A 192.0.2.1\n");
  const std::vector differences{difference("Host A 192.0.2.1\n", "hOST A 192.0.2.1\n")};
  const auto updated = updateZone(zone, differences);
  REQUIRE(updated.ok());
  CHECK(updated->zone->node(Name("host.example.")).owner().toString() == "hOST.example.");
  CHECK(zone->node(Name("host.example.")).owner().toString() == "Host.example.");
  CHECK(updated->difference->added().size() == 2);
}

namespace {

std::shared_ptr<const Zone> zoneOfHosts(std::size_t count) {
  ZoneBuilder builder(origin);
  builder.add(origin, 1h, rdata::SOA(origin, origin, 1, 2, 3, 4, 5));
  builder.add(origin, 1h, rdata::NS(Name("ns.elsewhere.")));
  for (std::size_t i = 0; i < count; ++i)
    builder.add(Name(fmt::format("h{}.sub.example.", i)), 1h, rdata::A(192, 0, 2, 1));
  const ZoneBuild build = builder.build();
  REQUIRE(build.zone);
  return build.zone;
}

// The last octet of the host's address; 0 where there is no host.
int addressOf(const Zone& zone, std::size_t host) {
  const ZoneNode node = zone.node(Name(fmt::format("h{}.sub.example.", host)));
  return node ? node.rrset(Type::A).data.front()[3] : 0;
}

}  // namespace

TEST_CASE("A zone finds all its names after many thousand updates, and keeps within its memory by settling") {
  constexpr std::size_t hosts = 3000;
  Versions versions(zoneOfHosts(hosts));
  std::vector<int> addresses(2 * hosts, 0);
  std::fill_n(addresses.begin(), hosts, 1);
  std::mt19937 random(9499);
  for (int i = 0; i < 20000; ++i) {
    ZoneChange change;
    for (int left = 3; left > 0; --left) {
      const std::size_t host = random() % addresses.size();
      const Name name(fmt::format("h{}.sub.example.", host));
      addresses[host] = random() % 3 == 0 ? 0 : 2 + static_cast<int>(random() % 200);
      if (addresses[host] == 0)
        change.removeName(name);
      else
        change.replace(name, 1h, {rdata::A(192, 0, 2, static_cast<std::uint8_t>(addresses[host]))});
    }
    versions.apply(change);
    if (i % 1000 != 999) continue;
    for (std::size_t host = 0; host < addresses.size(); ++host)
      if (addressOf(*versions.zone(), host) != addresses[host]) FAIL("host " << host << " in update " << i);
  }
  const auto settled = settle(*versions.zone());
  CHECK(textOf(*settled) == textOf(*versions.zone()));
  CHECK(settled->memoryUse() < 1u << 20);
  CHECK(versions.zone()->memoryUse() < 2u << 20);
}

TEST_CASE("A delegation above more names than are worth writing again is made by building the zone") {
  constexpr std::size_t hosts = 70000;
  Versions versions(zoneOfHosts(hosts));
  ZoneChange cut;
  cut.add(Name("sub.example."), 1h, rdata::NS(Name("ns.elsewhere.")));
  CHECK(versions.apply(cut));
  const auto below = versions.zone();
  CHECK(below->node(Name("h7.sub.example.")).isOccluded());
  CHECK(below->find(Name("h7.sub.example.")).cut.owner() == Name("sub.example."));
  ZoneChange whole;
  whole.remove(Name("sub.example."), Type::NS);
  CHECK(versions.apply(whole));
  CHECK_FALSE(versions.zone()->node(Name("h7.sub.example.")).isOccluded());
  CHECK(below->node(Name("h7.sub.example.")).isOccluded());
}

TEST_CASE("Versions are read and settled by threads while further ones are made and others go") {
  Versions versions(zoneOfHosts(20000));
  std::mutex mutex;
  std::shared_ptr<const Zone> newest = versions.zone();
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  // Each version has one address for some hosts, that of its serial.
  const auto read = [&](unsigned seed) {
    std::mt19937 random(seed);
    while (!done) {
      std::shared_ptr<const Zone> zone;
      {
        const std::lock_guard lock(mutex);
        zone = newest;
      }
      const int wanted = static_cast<int>(zone->serial() % 200);
      if (zone->serial() > 1 && (addressOf(*zone, 1) != wanted || addressOf(*zone, 30000 + zone->serial()) != wanted))
        ++wrong;
      for (int i = 0; i < 20; ++i) zone->find(Name(fmt::format("x.h{}.sub.example.", random() % 40000)));
      std::size_t nodes = 0;
      if (random() % 50 == 0)
        for (const ZoneNode node : zone->nodes()) nodes += node.owner().size() != 0;
      if (nodes != 0 && nodes != zone->nodeCount()) ++wrong;
    }
  };
  const auto settleOften = [&] {
    while (!done) {
      std::shared_ptr<const Zone> zone;
      {
        const std::lock_guard lock(mutex);
        zone = newest;
      }
      const auto settled = settle(*zone);
      if (settled->nodeCount() != zone->nodeCount() || addressOf(*settled, 1) != addressOf(*zone, 1)) ++wrong;
    }
  };
  std::vector<std::thread> readers;
  for (unsigned seed = 0; seed < 3; ++seed) readers.emplace_back(read, seed);
  readers.emplace_back(settleOften);
  for (std::uint32_t serial = 2; serial < 600; ++serial) {
    ZoneChange change;
    const rdata::A address(192, 0, 2, static_cast<std::uint8_t>(serial % 200));
    change.replace(Name("h1.sub.example."), 1h, {address});
    change.removeName(Name(fmt::format("h{}.sub.example.", 29999 + serial)));
    change.add(Name(fmt::format("h{}.sub.example.", 30000 + serial)), 1h, address);
    versions.apply(change);
    auto next = serial % 200 == 0 ? settle(*versions.zone()) : versions.zone();
    const std::lock_guard lock(mutex);
    newest = std::move(next);
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(wrong == 0);
}

TEST_CASE("A search for the NSEC before a name does not pass thousands of owners that are gone one by one") {
  constexpr std::size_t hosts = 5000;
  ZoneBuilder builder(origin);
  builder.add(origin, 1h, rdata::SOA(origin, origin, 7, 2, 3, 4, 5));
  builder.add(origin, 1h, rdata::NS(Name("ns.elsewhere.")));
  rdata::NSEC nsec;
  nsec.next = origin;
  for (std::size_t i = 0; i < hosts; ++i) builder.add(Name(fmt::format("h{}.example.", i)), 1h, nsec);
  const auto zone = builder.build().zone;
  REQUIRE(zone);
  RecordList gone;
  RecordList come;
  const RRset soa = zone->soa().data;
  gone.add({origin, Type::SOA, soa.ttl, soa.front()});
  come.add({origin, Type::SOA, soa.ttl, soa.front()});
  for (const ZoneNode node : zone->nodes())
    if (node.has(Type::NSEC) && node.owner().firstLabel() != "h0")
      gone.add({node.owner(), Type::NSEC, 3600, node.rrset(Type::NSEC).data.front()});
  ZoneChecks checks;
  checks.requireNsAddresses = false;
  const std::vector differences{ZoneDifference(gone, come)};
  const auto updated = updateZone(zone, differences, checks);
  REQUIRE(updated.ok());
  CHECK(updated->zone->delta() == nullptr);
  CHECK(updated->zone->nodeCount() == 2);
  CHECK(updated->zone->nsecCovering(Name("h4999.example.")).owner() == Name("h0.example."));
}

}  // namespace zone_update_test
