#include "taut/recursor/query_minimiser.hpp"

#include <cstddef>
#include <string>

#include <doctest/doctest.h>

namespace query_minimiser_test {

namespace {

using taut::Name;
using taut::NameView;
using taut::QueryMinimiser;
using taut::Type;

std::string text(const QueryMinimiser& minimiser) {
  return minimiser.question().name.toString() + ' ' + toString(minimiser.question().type);
}

// How many labels each question of a walk has, where there is no cut.
std::string labels(const Name& name, const char* zone) {
  QueryMinimiser minimiser(name, Type::TXT, Name(zone));
  std::string counts;
  for (;; minimiser.addLabels()) {
    counts += std::to_string(minimiser.question().name.labelCount()) + ' ';
    if (!minimiser.isMinimised()) return counts;
  }
}

Name deep(std::size_t count) {
  std::string name;
  for (std::size_t i = 0; i < count; ++i) name += "x.";
  return Name(name);
}

}  // namespace

TEST_CASE("each server is asked for the address of the name one label below its zone") {
  const Name name("www.a.example.com.");
  QueryMinimiser minimiser(name, Type::MX, NameView());
  CHECK(text(minimiser) == "com. A");
  CHECK(minimiser.isMinimised());
  minimiser.descend(Name("com."));
  CHECK(text(minimiser) == "example.com. A");
  minimiser.descend(Name("example.com."));
  CHECK(text(minimiser) == "a.example.com. A");
  minimiser.addLabels();
  CHECK(text(minimiser) == "www.a.example.com. MX");
  CHECK_FALSE(minimiser.isMinimised());
}

TEST_CASE("the servers of the zone above the name are asked the question itself") {
  const Name name("example.com.");
  CHECK(text(QueryMinimiser(name, Type::AAAA, Name("com."))) == "example.com. AAAA");
  CHECK(text(QueryMinimiser(name, Type::NS, name)) == "example.com. NS");
  CHECK(text(QueryMinimiser(NameView(), Type::NS, NameView())) == ". NS");
}

TEST_CASE("a question for DS is put to the servers above the zone, never minimised to another type there") {
  const Name name("a.example.com.");
  QueryMinimiser minimiser(name, Type::DS, Name("com."));
  CHECK(text(minimiser) == "example.com. A");
  minimiser.descend(Name("example.com."));
  CHECK(text(minimiser) == "a.example.com. DS");
}

TEST_CASE("a referral may pass over labels") {
  const Name name("www.b.a.example.com.");
  QueryMinimiser minimiser(name, Type::A, Name("com."));
  minimiser.descend(Name("b.a.example.com."));
  CHECK(text(minimiser) == "www.b.a.example.com. A");
}

TEST_CASE("after a name error or a failure the whole name is asked for") {
  const Name name("www.a.example.com.");
  QueryMinimiser minimiser(name, Type::A, NameView());
  minimiser.giveUp();
  CHECK(text(minimiser) == "www.a.example.com. A");
  minimiser.descend(Name("com."));
  CHECK(text(minimiser) == "www.a.example.com. A");
  CHECK_FALSE(minimiser.isMinimised());
}

TEST_CASE("no walk has more than ten questions, of which the first four add one label each") {
  CHECK(labels(deep(5), ".") == "1 2 3 4 5 ");
  CHECK(labels(deep(10), ".") == "1 2 3 4 5 6 7 8 9 10 ");
  CHECK(labels(deep(18), ".") == "1 2 3 4 6 8 10 12 15 18 ");
  CHECK(labels(deep(34), ".") == "1 2 3 4 9 14 19 24 29 34 ");
  CHECK(labels(deep(127), ".") == "1 2 3 4 24 44 64 85 106 127 ");
  CHECK(labels(deep(127), "x.x.") == "3 4 5 6 26 46 66 86 106 127 ");
}

TEST_CASE("referrals count among the ten questions") {
  const Name name = deep(127);
  QueryMinimiser minimiser(name, Type::A, NameView());
  std::size_t questions = 1;
  for (std::size_t zone = 1; minimiser.isMinimised(); ++zone, ++questions) minimiser.descend(name.suffix(zone));
  CHECK(questions == 10);
}

TEST_CASE("labels that begin with an underscore are not asked for alone") {
  const Name name("_443._tcp.www.example.com.");
  QueryMinimiser minimiser(name, Type::TLSA, Name("example.com."));
  CHECK(text(minimiser) == "www.example.com. A");
  minimiser.addLabels();
  CHECK(text(minimiser) == "_443._tcp.www.example.com. TLSA");
  const Name key("selector._domainkey.example.com.");
  CHECK(text(QueryMinimiser(key, Type::TXT, Name("example.com."))) == "selector._domainkey.example.com. TXT");
}

}  // namespace query_minimiser_test
