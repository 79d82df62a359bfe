#include "taut/resolver/local_zones.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "resolver/hosts_support.hpp"
#include "taut/dns/rdata.hpp"

namespace local_zones_test {

namespace {

using namespace taut;
using taut::test::textOf;

struct Fixture {
  std::optional<Answer> ask(const char* name, Type type = Type::A, Class rrClass = Class::IN) {
    return zones.resolve(Query(Name(name), type, rrClass)).takeReady();
  }
  std::string data(const char* name, Type type) {
    const auto answer = ask(name, type);
    REQUIRE(answer);
    CHECK(answer->rcode() == Rcode::NOERROR);
    CHECK(answer->authoritative());
    std::string text;
    for (std::size_t i = 0; i < answer->entryCount(); ++i)
      if (answer->entry(i).section == Section::answer)
        text += (text.empty() ? "" : " ") + textOf(answer->entry(i).rrset);
    return text;
  }
  // The zone whose SOA record denies the name or its data, with the RCODE before it.
  std::string denial(const char* name, Type type = Type::A) {
    const auto answer = ask(name, type);
    if (!answer) return "-";
    CHECK(answer->authoritative());
    CHECK(answer->entryCount(Section::answer) == 0);
    REQUIRE(answer->entryCount(Section::authority) == 1);
    const RRset& soa = answer->entry(0).rrset;
    CHECK(soa.type == Type::SOA);
    CHECK(soa.ttl == 10800);
    CHECK(rdata::read<rdata::SOA>(soa.front()).value().minimum == 10800);
    CHECK(answer->source().zone().value() == soa.owner);
    return toString(answer->rcode()) + ' ' + soa.owner.toString();
  }

  LocalZones zones;
};

const char* const loopbackV6 = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa.";

}  // namespace

TEST_CASE_FIXTURE(Fixture, "localhost and all names below it have the loopback addresses and no other data") {
  for (const char* const name : {"localhost.", "LocalHost.", "a.b.localhost."}) {
    CHECK(data(name, Type::A) == "127.0.0.1");
    CHECK(data(name, Type::AAAA) == "::1");
    CHECK(denial(name, Type::MX) == "NOERROR localhost.");
    CHECK(denial(name, Type::HTTPS) == "NOERROR localhost.");
  }
  CHECK(data("x.localhost.", Type::ANY) == "127.0.0.1 ::1");
}

TEST_CASE_FIXTURE(Fixture, "the reverse names of the loopback addresses lead to localhost") {
  CHECK(data("1.0.0.127.in-addr.arpa.", Type::PTR) == "localhost.");
  CHECK(data(loopbackV6, Type::PTR) == "localhost.");
  CHECK(denial("1.0.0.127.in-addr.arpa.", Type::A) == "NOERROR 127.in-addr.arpa.");
  CHECK(denial("0.127.in-addr.arpa.", Type::PTR) == "NOERROR 127.in-addr.arpa.");
  CHECK(denial("2.0.0.127.in-addr.arpa.", Type::PTR) == "NXDOMAIN 127.in-addr.arpa.");
}

TEST_CASE_FIXTURE(Fixture, "names of empty zones do not exist, and the SOA record of their zone says how long") {
  CHECK(denial("www.invalid.") == "NXDOMAIN invalid.");
  CHECK(denial("a.b.test.") == "NXDOMAIN test.");
  CHECK(denial("hidden.onion.") == "NXDOMAIN onion.");
  CHECK(denial("printer.home.arpa.") == "NXDOMAIN home.arpa.");
  CHECK(denial("x.service.arpa.") == "NXDOMAIN service.arpa.");
  CHECK(denial("1.0.0.10.in-addr.arpa.", Type::PTR) == "NXDOMAIN 10.in-addr.arpa.");
  CHECK(denial("1.1.168.192.in-addr.arpa.", Type::PTR) == "NXDOMAIN 168.192.in-addr.arpa.");
  CHECK(denial("1.1.254.169.in-addr.arpa.", Type::PTR) == "NXDOMAIN 254.169.in-addr.arpa.");
  CHECK(denial("1.2.0.192.in-addr.arpa.", Type::PTR) == "NXDOMAIN 2.0.192.in-addr.arpa.");
  CHECK(denial("1.f.e.e.b.d.f.ip6.arpa.", Type::PTR) == "NXDOMAIN d.f.ip6.arpa.");
  CHECK(denial("1.8.e.f.ip6.arpa.", Type::PTR) == "NXDOMAIN 8.e.f.ip6.arpa.");
  CHECK(denial("1.8.b.d.0.1.0.0.2.ip6.arpa.", Type::PTR) == "NXDOMAIN 8.b.d.0.1.0.0.2.ip6.arpa.");
}

TEST_CASE_FIXTURE(Fixture,
                  "the private and shared networks that are several zones are local from the first to the last") {
  CHECK(denial("1.16.172.in-addr.arpa.", Type::PTR) == "NXDOMAIN 16.172.in-addr.arpa.");
  CHECK(denial("1.31.172.in-addr.arpa.", Type::PTR) == "NXDOMAIN 31.172.in-addr.arpa.");
  CHECK(denial("1.64.100.in-addr.arpa.", Type::PTR) == "NXDOMAIN 64.100.in-addr.arpa.");
  CHECK(denial("1.127.100.in-addr.arpa.", Type::PTR) == "NXDOMAIN 127.100.in-addr.arpa.");
  for (const char* const outside : {"1.15.172.in-addr.arpa.", "1.32.172.in-addr.arpa.", "1.63.100.in-addr.arpa.",
                                    "1.128.100.in-addr.arpa.", "100.in-addr.arpa.", "1.c.f.ip6.arpa."})
    CHECK(denial(outside, Type::PTR) == "-");
}

TEST_CASE_FIXTURE(Fixture, "a zone has its SOA and NS records, and its own name has no data of other types") {
  CHECK(data("10.in-addr.arpa.", Type::NS) == "10.in-addr.arpa.");
  CHECK(ask("onion.", Type::SOA).value().entryCount(Section::answer) == 1);
  CHECK(denial("onion.") == "NOERROR onion.");
  CHECK(denial("home.arpa.", Type::PTR) == "NOERROR home.arpa.");
}

TEST_CASE_FIXTURE(Fixture, "resolver.arpa has no data at any name, since no resolver is designated") {
  CHECK(denial("_dns.resolver.arpa.", Type::SVCB) == "NOERROR resolver.arpa.");
  CHECK(denial("resolver.arpa.", Type::SVCB) == "NOERROR resolver.arpa.");
}

TEST_CASE_FIXTURE(Fixture, "DS of a zone's own name is left to the parent, and below the zone it is denied") {
  CHECK(denial("home.arpa.", Type::DS) == "-");
  CHECK(denial("10.in-addr.arpa.", Type::DS) == "-");
  CHECK(denial("x.home.arpa.", Type::DS) == "NXDOMAIN home.arpa.");
}

TEST_CASE_FIXTURE(Fixture, "other names, other classes and the root are left to the next resolver") {
  for (const char* const name : {".", "com.", "www.example.com.", "localhost.example.", "test.example.", "local.",
                                 "printer.local.", "arpa.", "in-addr.arpa.", "myonion.", "ipv4only.arpa.", "t.",
                                 "contest.", "example.net.", "x\\004test.", "notlocalhost."})
    CHECK(denial(name) == "-");
  CHECK_FALSE(ask("localhost.", Type::A, Class::CH));
}

TEST_CASE_FIXTURE(Fixture, "an exception and the names below it are left alone, and names above it in the zone exist") {
  const std::vector<Name> exceptions = {Name("5.168.192.in-addr.arpa."), Name("lab.site.test."), Name("home.arpa."),
                                        Name("example.com.")};
  zones.setExceptions(exceptions);
  CHECK(denial("1.5.168.192.in-addr.arpa.", Type::PTR) == "-");
  CHECK(denial("5.168.192.IN-ADDR.arpa.", Type::SOA) == "-");
  CHECK(denial("1.6.168.192.in-addr.arpa.", Type::PTR) == "NXDOMAIN 168.192.in-addr.arpa.");
  CHECK(denial("www.lab.site.test.") == "-");
  CHECK(denial("site.test.") == "NOERROR test.");
  CHECK(denial("other.site.test.") == "NXDOMAIN test.");
  CHECK(denial("home.arpa.") == "-");
  CHECK(denial("printer.home.arpa.") == "-");
  zones.setExceptions({});
  CHECK(denial("www.lab.site.test.") == "NXDOMAIN test.");
  CHECK(denial("site.test.") == "NXDOMAIN test.");
}

TEST_CASE("a zone above local zones, the root even, is no exception to them") {
  const std::vector<Name> exceptions = {Name("."), Name("in-addr.arpa.")};
  LocalZones zones(exceptions);
  CHECK(zones.resolve(Query(Name("1.0.0.10.in-addr.arpa."), Type::PTR)).takeReady().value().rcode() == Rcode::NXDOMAIN);
  CHECK(zones.resolve(Query(Name("localhost."), Type::A)).takeReady().value().recordCount() == 1);
}

TEST_CASE("answers of a local zone do not depend on the object that gave them") {
  std::optional<Answer> answer;
  {
    LocalZones zones;
    answer = zones.resolve(Query(Name("x.localhost."), Type::A)).takeReady();
  }
  CHECK(answer.value().source().zone().value() == Name("localhost.").view());
  CHECK(answer->entry(0).rrset.owner == Name("x.localhost.").view());
}

}  // namespace local_zones_test
