#include "taut/resolver/hosts.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include <doctest/doctest.h>

#include "resolver/hosts_support.hpp"
#include "support/heap_counter.hpp"
#include "support/temporary_file.hpp"
#include "taut/resolver/hosts_file.hpp"

namespace hosts_test {

namespace {

using namespace std::chrono_literals;
using taut::Answer;
using taut::HeapCounter;
using taut::Hosts;
using taut::HostsFile;
using taut::HostsTable;
using taut::Name;
using taut::Query;
using taut::Rcode;
using taut::Type;
using taut::test::textOf;

struct Fixture {
  Hosts hosts{HostsTable::parse("192.0.2.1 www.example www\n2001:db8::1 www.example\n192.0.2.2 www.example\n", 77s)};

  std::optional<Answer> ask(const Query& query) {
    auto task = hosts.resolve(query);
    REQUIRE(task.isReady());
    return task.takeReady();
  }
  std::string ask(const char* name, Type type) {
    const auto answer = ask(Query(Name(name), type));
    if (!answer) return "-";
    std::string text;
    for (std::size_t i = 0; i < answer->entryCount(); ++i)
      text += (text.empty() ? "" : " ") + textOf(answer->entry(i).rrset);
    return text;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "A, AAAA, PTR and ANY are answered, with the TTL that was asked for and AA") {
  CHECK(ask("www.example.", Type::A) == "192.0.2.1 192.0.2.2");
  CHECK(ask("www.example.", Type::AAAA) == "2001:db8::1");
  CHECK(ask("www.example.", Type::ANY) == "192.0.2.1 192.0.2.2 2001:db8::1");
  CHECK(ask("1.2.0.192.in-addr.arpa.", Type::PTR) == "www.example.");
  const auto answer = ask(Query(Name("www.example."), Type::A));
  REQUIRE(answer);
  CHECK(answer->authoritative());
  CHECK(answer->source().kind() == taut::AnswerSource::Kind::hosts);
  CHECK(answer->rcode() == Rcode::NOERROR);
  CHECK(answer->entry(0).rrset.ttl == 77);
  CHECK(answer->entry(0).rrset.owner == Name("www.example.").view());
}

TEST_CASE("other types of a name that the file has are left to the next resolver where there is one") {
  Hosts hosts(HostsTable::parse("192.0.2.1 www\n", 1h), Hosts::OtherTypes::nextResolver);
  const Name name("www.");
  for (const Type type : {Type::MX, Type::TXT, Type::SRV, Type::HTTPS, Type::NS, Type::SOA, Type::CNAME})
    CHECK_FALSE(hosts.resolve(Query(name, type)).takeReady());
  for (const Type type : {Type::A, Type::AAAA, Type::PTR, Type::ANY}) {
    const auto answer = hosts.resolve(Query(name, type)).takeReady();
    REQUIRE(answer);
    CHECK(answer->rcode() == Rcode::NOERROR);
  }
}

TEST_CASE_FIXTURE(Fixture, "other types of a name that the file has are answered with no data otherwise") {
  CHECK(ask("www.example.", Type::MX) == "");
  CHECK(ask("www.", Type::AAAA) == "");
  CHECK(ask("1.2.0.192.in-addr.arpa.", Type::A) == "");
}

TEST_CASE_FIXTURE(Fixture, "names that the file does not have and other classes are left to the next resolver") {
  CHECK(ask("nowhere.example.", Type::A) == "-");
  CHECK(ask("sub.www.example.", Type::A) == "-");
  CHECK_FALSE(ask(Query(Name("www.example."), Type::A, taut::Class::CH)));
}

TEST_CASE_FIXTURE(Fixture, "an answer outlives the table that it was found in") {
  const auto answer = ask(Query(Name("www.example."), Type::A));
  hosts.replace(HostsTable::parse("", 1h));
  CHECK(ask("www.example.", Type::A) == "-");
  REQUIRE(answer);
  CHECK(textOf(answer->entry(0).rrset) == "192.0.2.1 192.0.2.2");
}

TEST_CASE(
    "serving reads and parses nothing: a table that was made of a changed file counts when it is given, not before") {
  taut::TemporaryFile text("192.0.2.1 www\n");
  HostsFile file(text.path());
  Hosts hosts(file.table());
  const Query query(Name("www."), Type::A);
  const auto served = [&] { return textOf(hosts.resolve(query).takeReady()->entry(0).rrset); };
  CHECK(served() == "192.0.2.1");
  text.write("192.0.2.2 www\n");
  REQUIRE(file.reload());
  const std::size_t before = HeapCounter::allocations();
  static_cast<void>(hosts.resolve(query).takeReady());
  CHECK(HeapCounter::allocations() == before);
  CHECK(served() == "192.0.2.1");
  hosts.replace(file.table());
  CHECK(served() == "192.0.2.2");
}

TEST_CASE("all shards share one table") {
  const auto table = HostsTable::parse("192.0.2.1 www\n", 1h);
  const Hosts first(table);
  const Hosts second(table);
  CHECK(&first.table() == table.get());
  CHECK(&second.table() == table.get());
}

}  // namespace hosts_test
