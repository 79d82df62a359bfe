#include "taut/resolver/chaos.hpp"

#include <optional>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

namespace chaos_test {

namespace {

using namespace taut;

struct Fixture {
  Fixture() { chaos.add(Name("version.bind."), "one two"); }

  std::optional<Answer> ask(const char* name, Type type = Type::TXT, Class rrClass = Class::CH) {
    return chaos.resolve(Query(Name(name), type, rrClass)).takeReady();
  }

  Chaos chaos;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a name of class CH has its text, authoritative and not to be cached") {
  for (const Type type : {Type::TXT, Type::ANY}) {
    const auto answer = ask("Version.BIND.", type);
    REQUIRE(answer.value().entryCount() == 1);
    CHECK(answer->authoritative());
    CHECK(answer->source().kind() == AnswerSource::Kind::chaos);
    const RRset& rrset = answer->entry(0).rrset;
    CHECK(rrset.type == Type::TXT);
    CHECK(rrset.rrClass == Class::CH);
    CHECK(rrset.ttl == 0);
    const ByteSpan rdata = rrset.front();
    CHECK(std::string(rdata.begin(), rdata.end()) == "\x07one two");
  }
}

TEST_CASE_FIXTURE(Fixture, "names that were taken away are left to others") {
  chaos.clear();
  CHECK(!ask("version.bind."));
  chaos.add(Name("id.server."), "other");
  CHECK(ask("id.server."));
}

TEST_CASE_FIXTURE(Fixture, "a name of class CH has no data of another type") {
  const auto answer = ask("version.bind.", Type::A);
  CHECK(answer.value().rcode() == Rcode::NOERROR);
  CHECK(answer->entryCount() == 0);
}

TEST_CASE_FIXTURE(Fixture, "other names and other classes are left to others") {
  CHECK_FALSE(ask("hostname.bind."));
  CHECK_FALSE(ask("a.version.bind."));
  CHECK_FALSE(ask("version.bind.", Type::TXT, Class::IN));
}

TEST_CASE_FIXTURE(Fixture, "text is one character-string: 255 octets and not one more") {
  chaos.add(Name("id.server."), std::string(255, 'x'));
  CHECK(ask("id.server.").value().entry(0).rrset.front().size() == 256);
  CHECK_THROWS_AS(chaos.add(Name("long."), std::string(256, 'x')), std::invalid_argument);
}

}  // namespace chaos_test
