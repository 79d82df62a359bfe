#include "taut/resolver/policy_zone.hpp"

#include <chrono>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "resolver/policy_support.hpp"
#include "resolver/warnings.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/serial.hpp"
#include "taut/zone/zone_change.hpp"
#include "taut/zone/zone_update.hpp"

namespace policy_zone_test {

namespace {

using namespace taut;
using taut::test::policyZone;
using taut::test::Warnings;

// The owner of the rule that was found, without the zone's origin, and what it does.
std::string textOf(const std::optional<PolicyRule>& rule) {
  if (!rule) return "-";
  const char* const actions[] = {"nxdomain", "nodata", "pass", "drop", "tcp", "data"};
  const std::string owner = rule->node.owner().toString();
  return owner.substr(0, owner.size() - std::string("rpz.example.").size()) + ' ' +
         actions[static_cast<std::size_t>(rule->action)];
}

std::string forName(const PolicyZone& zone, const char* name) {
  return textOf(zone.forName(Name(name)));
}

std::string forAddress(const PolicyZone& zone, const char* address) {
  const auto found = zone.forAddress(Address::parse(address).value());
  return found ? fmt::format("{}: {}", found->bits, textOf(found->rule)) : "-";
}

}  // namespace

TEST_CASE("the record of a rule says what it does") {
  const PolicyZone zone(
      policyZone("a.test CNAME .\n"
                 "b.test CNAME *.\n"
                 "c.test CNAME rpz-passthru.\n"
                 "d.test CNAME rpz-drop.\n"
                 "e.test CNAME rpz-tcp-only.\n"
                 "f.test A 192.0.2.1\n"
                 "g.test CNAME www.example.com.\n"
                 "h.test CNAME h.test.\n"
                 "i.test CNAME *.garden.example.\n"
                 "j.test CNAME rpz-unknown.\n"
                 "k.test CNAME x.rpz-drop.\n"));
  CHECK(forName(zone, "a.test.") == "a.test. nxdomain");
  CHECK(forName(zone, "b.test.") == "b.test. nodata");
  CHECK(forName(zone, "c.test.") == "c.test. pass");
  CHECK(forName(zone, "d.test.") == "d.test. drop");
  CHECK(forName(zone, "e.test.") == "e.test. tcp");
  CHECK(forName(zone, "f.test.") == "f.test. data");
  CHECK(forName(zone, "g.test.") == "g.test. data");
  CHECK(forName(zone, "h.test.") == "h.test. pass");
  CHECK(forName(zone, "i.test.") == "i.test. data");
  CHECK(forName(zone, "j.test.") == "-");
  CHECK(forName(zone, "k.test.") == "-");
}

TEST_CASE("a rule for a name is for that name, and one for a wildcard for all names below") {
  const PolicyZone zone(policyZone("bad.test CNAME .\n*.wild.test CNAME .\n"));
  CHECK(forName(zone, "bad.test.") == "bad.test. nxdomain");
  CHECK(forName(zone, "BAD.Test.") == "bad.test. nxdomain");
  CHECK(forName(zone, "x.bad.test.") == "-");
  CHECK(forName(zone, "test.") == "-");
  CHECK(forName(zone, "wild.test.") == "-");
  CHECK(forName(zone, "a.wild.test.") == "*.wild.test. nxdomain");
  CHECK(forName(zone, "a.b.c.wild.test.") == "*.wild.test. nxdomain");
  CHECK(forName(zone, ".") == "-");
  CHECK(forName(zone, "bad.test.rpz.example.") == "-");
}

TEST_CASE("the name goes before wildcards, and a closer wildcard before one further up, also past rules between") {
  const PolicyZone zone(
      policyZone("*.test CNAME .\n"
                 "*.sub.test CNAME *.\n"
                 "ok.sub.test CNAME rpz-passthru.\n"
                 "deep.a.b.test CNAME rpz-drop.\n"
                 "odd.test CNAME rpz-unknown.\n"));
  CHECK(forName(zone, "x.test.") == "*.test. nxdomain");
  CHECK(forName(zone, "x.sub.test.") == "*.sub.test. nodata");
  CHECK(forName(zone, "ok.sub.test.") == "ok.sub.test. pass");
  CHECK(forName(zone, "x.ok.sub.test.") == "*.sub.test. nodata");
  // Names that exist only because of what is below them have no rule of their own, and hide no wildcard.
  CHECK(forName(zone, "b.test.") == "*.test. nxdomain");
  CHECK(forName(zone, "other.a.b.test.") == "*.test. nxdomain");
  CHECK(forName(zone, "odd.test.") == "*.test. nxdomain");
  CHECK(forName(zone, "sub.test.") == "*.test. nxdomain");
}

TEST_CASE("a wildcard at the top is for every name but the root") {
  const PolicyZone zone(policyZone("* CNAME .\n"));
  CHECK(forName(zone, "com.") == "*. nxdomain");
  CHECK(forName(zone, "a.b.example.") == "*. nxdomain");
  CHECK(forName(zone, ".") == "-");
}

TEST_CASE("names too long to be written before the zone's origin are found by wildcards") {
  const PolicyZone zone(policyZone("*.test CNAME .\n"));
  const std::string label(63, 'x');
  const std::string name = label + '.' + label + '.' + label + '.' + std::string(55, 'y') + ".test.";
  REQUIRE(Name(name).size() == 254);
  CHECK(forName(zone, name.c_str()) == "*.test. nxdomain");
  // The label that is left out is not taken for the rule's own name.
  const PolicyZone exact(policyZone(std::string(55, 'y') + ".test CNAME .\n"));
  CHECK(forName(exact, name.c_str()) == "-");
}

TEST_CASE("the longest network that holds an address has the rule") {
  const PolicyZone zone(
      policyZone("24.0.2.0.192.rpz-ip CNAME .\n"
                 "32.1.2.0.192.rpz-ip CNAME rpz-passthru.\n"
                 "8.0.0.0.10.rpz-ip CNAME *.\n"
                 "48.zz.1.db8.2001.rpz-ip CNAME .\n"
                 "128.1.zz.db8.2001.rpz-ip CNAME *.\n"
                 "128.8.7.6.5.4.3.2.1.rpz-ip CNAME rpz-drop.\n"
                 "128.1.zz.rpz-ip CNAME rpz-tcp-only.\n"));
  CHECK(zone.hasAddressRules());
  CHECK(forAddress(zone, "192.0.2.1") == "32: 32.1.2.0.192.rpz-ip. pass");
  CHECK(forAddress(zone, "192.0.2.2") == "24: 24.0.2.0.192.rpz-ip. nxdomain");
  CHECK(forAddress(zone, "192.0.3.1") == "-");
  CHECK(forAddress(zone, "10.255.0.1") == "8: 8.0.0.0.10.rpz-ip. nodata");
  CHECK(forAddress(zone, "2001:db8:1:2::3") == "48: 48.zz.1.db8.2001.rpz-ip. nxdomain");
  CHECK(forAddress(zone, "2001:db8::1") == "128: 128.1.zz.db8.2001.rpz-ip. nodata");
  CHECK(forAddress(zone, "2001:db8::2") == "-");
  CHECK(forAddress(zone, "1:2:3:4:5:6:7:8") == "128: 128.8.7.6.5.4.3.2.1.rpz-ip. drop");
  CHECK(forAddress(zone, "::1") == "128: 128.1.zz.rpz-ip. tcp");
}

TEST_CASE("rules for clients and for addresses of answers are kept apart, and names in their domains are no names") {
  const PolicyZone zone(policyZone("32.1.2.0.192.rpz-client-ip CNAME rpz-drop.\n24.0.3.0.192.rpz-ip CNAME .\n"));
  CHECK(textOf(zone.forClient(Address::parse("192.0.2.1:53").value())) == "32.1.2.0.192.rpz-client-ip. drop");
  CHECK(textOf(zone.forClient(Address::parse("192.0.3.1").value())) == "-");
  CHECK(textOf(zone.forClient(Address())) == "-");
  CHECK(forAddress(zone, "192.0.2.1") == "-");
  CHECK(forName(zone, "24.0.3.0.192.rpz-ip.") == "-");
  CHECK_FALSE(PolicyZone(policyZone("a.test CNAME .\n")).hasAddressRules());
}

TEST_CASE("networks that are written wrongly make no rule, and the log says which") {
  const Warnings warnings;
  const char* const wrong[] = {"24.1.2.0.192.rpz-ip",
                               "33.1.2.0.192.rpz-ip",
                               "0.0.0.0.0.rpz-ip",
                               "32.1.2.0.rpz-ip",
                               "32.256.2.0.192.rpz-ip",
                               "x.1.2.0.192.rpz-ip",
                               "129.1.zz.rpz-ip",
                               "64.1.zz.db8.2001.rpz-ip",
                               "128.zz.1.zz.rpz-ip",
                               "128.9.8.7.6.5.4.3.2.1.rpz-ip",
                               "128.zz.8.7.6.5.4.3.2.1.rpz-ip",
                               "128.12345.zz.rpz-ip",
                               "24.rpz-ip"};
  std::string records;
  for (const char* const owner : wrong) records += std::string(owner) + " CNAME .\n";
  const PolicyZone zone(policyZone(records + "32.9.2.0.192.rpz-ip CNAME rpz-unknown.\n"));
  CHECK_FALSE(zone.hasAddressRules());
  CHECK(warnings.lines().size() == std::size(wrong) + 1);
  for (const char* const owner : wrong) {
    CAPTURE(owner);
    bool told = false;
    for (const std::string& line : warnings.lines()) told |= line.find(std::string(" ") + owner) != line.npos;
    CHECK(told);
  }
}

TEST_CASE("the log says that rules for name servers have no effect, once for each kind") {
  const Warnings warnings;
  const PolicyZone zone(
      policyZone("ns.bad.test.rpz-nsdname CNAME .\nns2.bad.test.rpz-nsdname CNAME .\n"
                 "32.1.2.0.192.rpz-nsip CNAME .\n"));
  REQUIRE(warnings.lines().size() == 2);
  CHECK(warnings.lines()[0].find("rpz.example.: rules for name servers (rpz-nsdname)") != std::string::npos);
  CHECK(warnings.lines()[1].find("(rpz-nsip)") != std::string::npos);
  CHECK(forName(zone, "ns.bad.test.rpz-nsdname.") == "-");
}

TEST_CASE("a version of a zone that was made by an update has the rules of that version") {
  const auto first = policyZone("bad.test CNAME .\n*.wild.test CNAME .\n24.0.2.0.192.rpz-ip CNAME .\n");
  ZoneChange change;
  change.removeName(Name("bad.test.rpz.example."));
  change.removeName(Name("*.wild.test.rpz.example."));
  change.add(Name("*.new.test.rpz.example."), std::chrono::seconds(60), rdata::CNAME(Name(".")));
  change.removeName(Name("24.0.2.0.192.rpz-ip.rpz.example."));
  change.add(Name("24.0.3.0.192.rpz-ip.rpz.example."), std::chrono::seconds(60), rdata::CNAME(Name(".")));
  const auto next = updateZone(first, change, Serial(first->serial()));
  REQUIRE(next);
  const PolicyZone zone(next->zone);
  CHECK(forName(zone, "bad.test.") == "-");
  CHECK(forName(zone, "x.wild.test.") == "-");
  CHECK(forName(zone, "x.new.test.") == "*.new.test. nxdomain");
  CHECK(forAddress(zone, "192.0.2.1") == "-");
  CHECK(forAddress(zone, "192.0.3.1") == "24: 24.0.3.0.192.rpz-ip. nxdomain");
  CHECK(forName(PolicyZone(first), "bad.test.") == "bad.test. nxdomain");
}

}  // namespace policy_zone_test
