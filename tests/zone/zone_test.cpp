#include "taut/zone/zone.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "taut/dns/rdata.hpp"
#include "zone/zone_text.hpp"

namespace zone_test {

using namespace taut;
using test::zoneOf;
using namespace std::chrono_literals;

namespace {

std::string ownerOf(ZoneNode node) {
  return node ? node.owner().toString() : "none";
}

struct Found {
  std::string node, encloser, cut, dname, wildcard;
  friend bool operator==(const Found&, const Found&) = default;
};

Found find(const Zone& zone, const char* name) {
  const ZoneLookup found = zone.find(Name(name));
  return {ownerOf(found.node), ownerOf(found.encloser), ownerOf(found.cut), ownerOf(found.dname),
          ownerOf(found.wildcard)};
}

}  // namespace

TEST_CASE("An existing name is found whatever its case, and keeps the case of the file") {
  const auto zone = zoneOf("WwW A 192.0.2.2\n");
  const ZoneLookup found = zone->find(Name("wWw.EXAMPLE."));
  REQUIRE(found.node);
  CHECK(found.encloser == found.node);
  CHECK(found.node.owner().toString() == "WwW.example.");
  CHECK(zone->parent(found.node) == zone->apex());
  CHECK(!zone->parent(zone->apex()));
  CHECK(zone->apex().isApex());
}

TEST_CASE("An RRset has its TTL, class and all its records, and other types are not there") {
  const auto zone = zoneOf("www 5 A 192.0.2.3\nwww 5 A 192.0.2.2\nwww TXT x\n");
  const ZoneNode node = zone->node(Name("www.example."));
  REQUIRE(node);
  const ZoneRRset a = node.rrset(Type::A);
  REQUIRE(a);
  CHECK(a.data.ttl == 5);
  CHECK((a.data.rrClass == Class::IN));
  CHECK(a.data.owner == Name("www.example."));
  std::vector<std::string> addresses;
  for (const ByteSpan rdata : a.data) addresses.push_back(fmt::format("{}", rdata[3]));
  CHECK(addresses == std::vector<std::string>{"2", "3"});
  CHECK(a.rrsig.count == 0);
  CHECK(!node.rrset(Type::AAAA));
  CHECK(node.has(Type::TXT));
  CHECK(!node.has(Type::MX));
  CHECK(node.rrsetCount() == 2);
}

TEST_CASE("Signatures lie beside the RRset that they cover") {
  const auto zone = zoneOf(
      "www A 192.0.2.2\n"
      "www TXT x\n"
      "www RRSIG TXT 8 2 300 20300101000000 20200101000000 1 example. AAAA\n"
      "www RRSIG A 8 2 300 20300101000000 20200101000000 1 example. AAAA\n"
      "www RRSIG A 8 2 300 20300101000000 20200101000000 2 example. AAAA\n");
  const ZoneNode node = zone->node(Name("www.example."));
  CHECK(node.rrset(Type::A).rrsig.count == 2);
  CHECK(node.rrset(Type::TXT).rrsig.count == 1);
  CHECK(node.rrsig(Type::A).count == 2);
  CHECK(node.rrsig(Type::AAAA).count == 0);
  std::vector<Type> types;
  for (const RRset& set : node) types.push_back(set.type);
  CHECK(types == std::vector{Type::A, Type::RRSIG, Type::TXT, Type::RRSIG});
  CHECK(!zone->isSigned());
  CHECK(zoneOf("@ RRSIG SOA 8 1 300 20300101000000 20200101000000 1 example. AAAA\n")->isSigned());
}

TEST_CASE("Each RRset and its signatures are found among thousands of types") {
  std::string text;
  for (int type = 1000; type < 4000; type += 2) {
    text += fmt::format("many TYPE{} \\# 2 {:04x}\n", type, type);
    text +=
        fmt::format("many RRSIG TYPE{} 13 2 1 20380101000000 20240101000000 1 example. AAAA\n", type + type % 4 / 2);
  }
  const auto zone = zoneOf(text);
  const ZoneNode node = zone->node(Name("many.example."));
  for (int type = 999; type < 4001; ++type) {
    const ZoneRRset set = node.rrset(static_cast<Type>(type));
    const bool given = type % 2 == 0 && type >= 1000 && type < 4000;
    REQUIRE(static_cast<bool>(set) == given);
    if (!given) continue;
    REQUIRE(loadU16(set.data.front().data()) == type);
    REQUIRE(set.rrsig.count == (type % 4 == 0 ? 1 : 0));
  }
}

TEST_CASE("Empty non-terminals are nodes without RRsets") {
  const auto zone = zoneOf("a.b.c A 192.0.2.2\n");
  CHECK(find(*zone, "c.example.") == Found{"c.example.", "c.example.", "none", "none", "none"});
  CHECK(zone->node(Name("b.c.example.")).isEmpty());
  CHECK(!zone->node(Name("a.b.c.example.")).isEmpty());
  CHECK(zone->parent(zone->node(Name("a.b.c.example."))).owner() == Name("b.c.example."));
}

TEST_CASE("A name that does not exist has its closest encloser, and the wildcard there") {
  const auto zone = zoneOf(
      "*.w A 192.0.2.2\n"
      "x.w A 192.0.2.3\n"
      "*.deep.w A 192.0.2.4\n"
      "plain A 192.0.2.5\n");
  CHECK(find(*zone, "nothing.example.") == Found{"none", "example.", "none", "none", "none"});
  CHECK(find(*zone, "a.w.example.") == Found{"none", "w.example.", "none", "none", "*.w.example."});
  CHECK(find(*zone, "a.b.w.example.") == Found{"none", "w.example.", "none", "none", "*.w.example."});
  // RFC 4592 section 2.2.1: an existing name shields what is below it.
  CHECK(find(*zone, "a.x.w.example.") == Found{"none", "x.w.example.", "none", "none", "none"});
  CHECK(find(*zone, "a.deep.w.example.") == Found{"none", "deep.w.example.", "none", "none", "*.deep.w.example."});
  CHECK(find(*zone, "a.*.w.example.") == Found{"none", "*.w.example.", "none", "none", "none"});
  CHECK(find(*zone, "*.w.example.") == Found{"*.w.example.", "*.w.example.", "none", "none", "none"});
}

TEST_CASE("The closest encloser of a very deep name is found") {
  const auto zone = zoneOf("x.y.z A 192.0.2.2\n");
  std::string deep;
  for (int i = 0; i < 110; ++i) deep += "a.";
  CHECK(ownerOf(zone->find(Name(deep + "x.y.z.example.")).encloser) == "x.y.z.example.");
  CHECK(ownerOf(zone->find(Name(deep + "y.z.example.")).encloser) == "y.z.example.");
  CHECK(ownerOf(zone->find(Name(deep + "example.")).encloser) == "example.");
}

TEST_CASE("The topmost cut counts, at the name and below it, and hides what lies under it") {
  const auto zone = zoneOf(
      "d NS ns.d\n"
      "ns.d A 192.0.2.2\n"
      "d DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000\n"
      "sub.d NS ns.d\n"
      "*.d A 192.0.2.9\n");
  CHECK(find(*zone, "d.example.") == Found{"d.example.", "d.example.", "d.example.", "none", "none"});
  CHECK(find(*zone, "x.d.example.") == Found{"none", "d.example.", "d.example.", "none", "none"});
  CHECK(find(*zone, "ns.d.example.") == Found{"ns.d.example.", "ns.d.example.", "d.example.", "none", "none"});
  CHECK(find(*zone, "x.sub.d.example.") == Found{"none", "sub.d.example.", "d.example.", "none", "none"});
  const ZoneNode cut = zone->node(Name("d.example."));
  CHECK(cut.isCut());
  CHECK(!cut.isOccluded());
  CHECK(!cut.isAuthoritative());
  const ZoneNode below = zone->node(Name("sub.d.example."));
  CHECK(below.isOccluded());
  CHECK(!below.isCut());
  CHECK(zone->apex().isAuthoritative());
  CHECK(!zone->apex().isCut());
}

TEST_CASE("A DNAME redirects what is below it, not its owner") {
  const auto zone = zoneOf("d DNAME elsewhere.\nhidden.d A 192.0.2.2\n");
  CHECK(find(*zone, "d.example.") == Found{"d.example.", "d.example.", "none", "none", "none"});
  CHECK(find(*zone, "a.b.d.example.") == Found{"none", "d.example.", "none", "d.example.", "none"});
  CHECK(find(*zone, "hidden.d.example.") ==
        Found{"hidden.d.example.", "hidden.d.example.", "none", "d.example.", "none"});
  CHECK(zone->node(Name("d.example.")).hasDname());
  const ZoneLoad apex =
      parseZone("@ 1 SOA ns.x. h.x. 1 2 3 4 5\n@ 1 NS ns.x.\n@ 1 DNAME other.\nw 1 A 192.0.2.1\n", Name("example."));
  REQUIRE(apex.ok());
  CHECK(find(*apex.zone, "w.example.") == Found{"w.example.", "w.example.", "none", "example.", "none"});
  CHECK(find(*apex.zone, "example.") == Found{"example.", "example.", "none", "none", "none"});
}

TEST_CASE("The targets of NS, MX, SRV and SVCB records are known, glue and wildcards too") {
  const auto zone = zoneOf(
      "d NS ns.d\n"
      "d NS ns1\n"
      "d NS ns.elsewhere.\n"
      "ns.d A 192.0.2.2\n"
      "@ MX 10 mail.w\n"
      "@ MX 20 nowhere.example.\n"
      "*.w A 192.0.2.3\n"
      "_s._tcp SRV 0 0 1 ns1\n"
      "s SVCB 1 . alpn=h2\n"
      "s A 192.0.2.4\n"
      "t HTTPS 1 s alpn=h2\n"
      "r DNAME elsewhere.\n"
      "u MX 1 x.r\n");
  const auto targets = [&](const char* owner, Type type) {
    std::vector<std::string> names;
    const ZoneRRset set = zone->node(Name(owner)).rrset(type);
    for (const ByteSpan rdata : set.data) names.push_back(ownerOf(zone->target(set, names.size(), rdata)));
    return names;
  };
  using Names = std::vector<std::string>;
  CHECK(targets("d.example.", Type::NS) == Names{"ns.d.example.", "none", "ns1.example."});
  CHECK(targets("example.", Type::NS) == Names{"ns1.example."});
  CHECK(targets("example.", Type::MX) == Names{"*.w.example.", "none"});
  CHECK(targets("_s._tcp.example.", Type::SRV) == Names{"ns1.example."});
  CHECK(targets("s.example.", Type::SVCB) == Names{"s.example."});
  CHECK(targets("t.example.", Type::HTTPS) == Names{"s.example."});
  CHECK(targets("u.example.", Type::MX) == Names{"none"});
  CHECK(!zone->node(Name("s.example.")).rrset(Type::A).hasTargets());
}

TEST_CASE("Negative answers take the lesser of the SOA's TTL and its MINIMUM") {
  const auto zone = zoneOf("");
  CHECK(zone->serial() == 7);
  CHECK(zone->negativeTtl() == 60);
  CHECK(zone->soa().data.ttl == 300);
  CHECK(zone->negativeSoa().data.ttl == 60);
  const ZoneLoad low = parseZone("@ 30 SOA ns.x. h.x. 1 2 3 4 500\n@ 1 NS ns.x.\n", Name("example."));
  CHECK(low.zone->negativeTtl() == 30);
}

TEST_CASE("Nodes are walked in canonical order") {
  // The names of RFC 4034 section 6.1.
  const auto zone = zoneOf(
      "Z A 192.0.2.1\nyljkjljk.a A 192.0.2.1\n\\001.z A 192.0.2.1\n*.z A 192.0.2.1\n\\200.z A 192.0.2.1\n"
      "a A 192.0.2.1\nZ.a A 192.0.2.1\nzABC.a A 192.0.2.1\n\\000.z A 192.0.2.1\n");
  std::vector<std::string> owners;
  for (const ZoneNode node : zone->nodes()) owners.push_back(node.owner().toString());
  CHECK(owners == std::vector<std::string>{"example.", "a.example.", "yljkjljk.a.example.", "Z.a.example.",
                                           "zABC.a.example.", "ns1.example.", "Z.example.", "\\000.z.example.",
                                           "\\001.z.example.", "*.z.example.", "\\200.z.example."});
  CHECK(zone->nodeCount() == owners.size());
  CHECK(zone->recordCount() == 12);
}

TEST_CASE("A zone is built from structs as from octets, and refuses RDATA that has no wire form") {
  ZoneBuilder builder(Name("example."));
  CHECK(builder.add(Name("example."), 1h, rdata::SOA(Name("ns."), Name("h."), 1, 2, 3, 4, 5)));
  CHECK(builder.add(Name("example."), 1h, rdata::NS(Name("ns."))));
  CHECK(builder.add(Name("mail.example."), -1s, rdata::MX(10, Name("host.example."))));
  rdata::TXT text;
  for (int i = 0; i < 200; ++i) text.strings.push_back(std::string(255, 'x'));
  CHECK(builder.add(Name("long.example."), 1s, text));
  text.strings.back() += 'x';
  CHECK_FALSE(builder.add(Name("longer.example."), 1s, text));
  const ZoneBuild built = builder.build();
  REQUIRE(built.zone);
  CHECK(built.zone->apex().rrset(Type::SOA).data.ttl == 3600);
  const RRset mail = built.zone->node(Name("mail.example.")).rrset(Type::MX).data;
  CHECK(mail.ttl == 0);
  CHECK(rdata::read<rdata::MX>(mail.front())->exchange == Name("host.example."));
  CHECK(built.zone->node(Name("long.example.")).rrset(Type::TXT).data.front().size() == 200 * 256);
  CHECK_FALSE(built.zone->node(Name("longer.example.")));
}

TEST_CASE("Every name of a large zone is found, and none that is not there") {
  ZoneBuilder builder(Name("example."));
  builder.add(Name("example."), 1s, rdata::SOA(Name("ns."), Name("h."), 1, 2, 3, 4, 5));
  builder.add(Name("example."), 1s, rdata::NS(Name("ns.")));
  constexpr int count = 20000;
  for (int i = 0; i < count; ++i)
    builder.add(Name(fmt::format("host{}.d{}.example.", i * 2, i % 7)), 1s, rdata::A(192, 0, 2, 1));
  const ZoneBuild built = builder.build();
  REQUIRE(built.zone);
  CHECK(built.zone->recordCount() == count + 2);
  CHECK(built.zone->nodeCount() == count + 8);
  int found = 0;
  int missing = 0;
  for (int i = 0; i < count; ++i) {
    found += static_cast<bool>(built.zone->node(Name(fmt::format("HOST{}.d{}.example.", i * 2, i % 7))));
    missing += !built.zone->find(Name(fmt::format("host{}.d{}.example.", i * 2 + 1, i % 7))).node;
  }
  CHECK(found == count);
  CHECK(missing == count);
  CHECK(built.zone->memoryUse() < count * 100);
}

TEST_CASE("The root can be a zone") {
  const ZoneLoad root =
      parseZone(". 1 SOA a. b. 1 2 3 4 5\n. 1 NS a.\na. 1 A 192.0.2.1\ncom. 1 NS a.gtld.net.\n", Name("."));
  REQUIRE(root.ok());
  CHECK(find(*root.zone, "x.com.") == Found{"none", "com.", "com.", "none", "none"});
  CHECK(find(*root.zone, "x.org.") == Found{"none", ".", "none", "none", "none"});
  const ZoneRRset nameServers = root.zone->apex().rrset(Type::NS);
  CHECK(ownerOf(root.zone->target(nameServers, 0, nameServers.data.front())) == "a.");
}

}  // namespace zone_test
