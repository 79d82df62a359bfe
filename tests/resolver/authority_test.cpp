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

TEST_CASE("Prefetching for more queries than one round holds changes no answer") {
  const Authority authority(std::make_shared<const ZoneSet>(
      std::vector{zoneOf("example. 1 SOA ns h 1 2 3 4 5\n@ 1 NS ns.x.\nwww 1 A 192.0.2.1\n")}));
  const Query query(Name("www.example."), Type::A);
  authority.prefetch(std::vector<const Query*>(100, &query));
  authority.prefetch({});
  CHECK(authority.answer(query)->entryCount() == 1);
}
