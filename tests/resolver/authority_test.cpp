#include "taut/resolver/authority.hpp"

#include <memory>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "taut/zone/zone_file.hpp"

using namespace taut;

namespace {

std::shared_ptr<const Zone> zoneOf(std::string_view text) {
  const ZoneLoad load = parseZone(text);
  INFO(load.firstError());
  REQUIRE(load.ok());
  return load.zone;
}

}  // namespace

TEST_CASE("The names of a zone that is not loaded are SERVFAIL, and nobody else's") {
  const Authority authority(std::make_shared<const ZoneSet>(
      std::vector{zoneOf("example. 1 SOA ns h 1 2 3 4 5\n@ 1 NS ns.x.\nwww 1 A 192.0.2.1\nalias 1 CNAME www.broken\n"),
                  Zone::notLoaded(Name("broken.example."))}));
  const auto ask = [&](const char* name, Type type) { return authority.answer(Query(Name(name), type)); };

  for (const char* const name : {"broken.example.", "www.broken.example."}) {
    const auto answer = ask(name, Type::A);
    REQUIRE(answer);
    CHECK(answer->rcode() == Rcode::SERVFAIL);
    CHECK_FALSE(answer->authoritative());
    CHECK(answer->entryCount() == 0);
  }
  CHECK(ask("www.example.", Type::A)->rcode() == Rcode::NOERROR);
  CHECK(ask("broken.example.", Type::DS)->rcode() == Rcode::NXDOMAIN);
  CHECK_FALSE(ask("www.elsewhere.", Type::A));

  // An alias into it ends there, as one does that leads to somebody else's zone.
  const auto alias = ask("alias.example.", Type::A);
  REQUIRE(alias);
  CHECK(alias->rcode() == Rcode::NOERROR);
  REQUIRE(alias->entryCount() == 1);
  CHECK(alias->entry(0).rrset.type == Type::CNAME);
}

TEST_CASE("Looking ahead for more questions than one round holds, and for octets that are none, changes no answer") {
  const Authority authority(std::make_shared<const ZoneSet>(
      std::vector{zoneOf("example. 1 SOA ns h 1 2 3 4 5\n@ 1 NS ns.x.\nwww 1 A 192.0.2.1\n")}));
  const Name name("www.example.");
  std::vector<ByteSpan> questions(100, ByteSpan(name.data(), name.size()));
  questions[40] = ByteSpan(name.data(), 3);
  questions[99] = ByteSpan();
  authority.lookAhead(questions);
  authority.lookAhead({});
  CHECK(authority.answer(Query(name, Type::A))->entryCount() == 1);
  CHECK_FALSE(authority.looksAhead());
}
