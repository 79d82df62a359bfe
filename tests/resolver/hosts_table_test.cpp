#include "taut/resolver/hosts_table.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "resolver/hosts_support.hpp"

namespace hosts_table_test {

namespace {

using namespace std::chrono_literals;
using taut::HostsTable;
using taut::Name;
using taut::Type;
using taut::test::textOf;

// All addresses or names of a type that a file has for a name; "-" where it does not have the name.
std::string found(std::string_view file, const char* name, Type type) {
  const auto table = HostsTable::parse(file, 1h);
  const auto host = table->find(Name(name));
  if (!host) return "-";
  return textOf(type == Type::A ? host->a : type == Type::AAAA ? host->aaaa : host->ptr);
}

}  // namespace

TEST_CASE("all addresses of a name are found, in the order of the file") {
  constexpr std::string_view file =
      "192.0.2.1 a.example\n2001:db8::1 a.example\n192.0.2.9 other\n192.0.2.2 a.example\n";
  CHECK(found(file, "a.example", Type::A) == "192.0.2.1 192.0.2.2");
  CHECK(found(file, "a.example", Type::AAAA) == "2001:db8::1");
  CHECK(found(file, "b.example", Type::A) == "-");
  CHECK(found(file, "example", Type::A) == "-");
}

TEST_CASE("aliases, upper case, final dots and any kind of blank are understood") {
  constexpr std::string_view file = "  192.0.2.1\tName.Example.  alias \r\n\n192.0.2.2 last";
  CHECK(found(file, "name.example", Type::A) == "192.0.2.1");
  CHECK(found(file, "ALIAS", Type::A) == "192.0.2.1");
  CHECK(found(file, "last", Type::A) == "192.0.2.2");
}

TEST_CASE("comments, lines without names and malformed lines are skipped, the rest is served") {
  constexpr std::string_view file =
      "# 192.0.2.1 comment\n192.0.2.2 # nameless\n192.0.2.3\n192.0.2 short\n192.0.2.256 large\n"
      "gibberish\nfe80::1%eth0 scoped\n\xc3\xa9 192.0.2.4 accent\n192.0.2.5 acc\xc3\xa9nt plain#comment\n"
      "192.0.2.6 two..dots .\n::1\n";
  for (const char* name : {"comment", "nameless", "short", "large", "scoped", "accent", "."})
    CHECK(found(file, name, Type::A) == "-");
  CHECK(found(file, "plain", Type::A) == "192.0.2.5");
  CHECK(HostsTable::parse(file, 1h)->size() == 2);  // plain, and 5.2.0.192.in-addr.arpa
}

TEST_CASE("lines that were not understood are told by their numbers") {
  const auto table = HostsTable::parse("# first\n192.0.2.1 a\n192.0.2 b\n\nfe80::1%lo c\n192.0.2.3\n::1 d e..f\n", 1h);
  CHECK(table->ignoredLines().numbers() == std::vector<std::size_t>{3, 6, 7});
}

TEST_CASE("a byte order mark and an address in brackets are understood") {
  constexpr std::string_view file =
      "\xef\xbb\xbf"
      "192.0.2.1 a\n[2001:DB8::1] a\n[192.0.2.2] b\n[] c\n[::1 d\n";
  CHECK(found(file, "a", Type::A) == "192.0.2.1");
  CHECK(found(file, "a", Type::AAAA) == "2001:db8::1");
  CHECK(HostsTable::parse(file, 1h)->ignoredLines().numbers() == std::vector<std::size_t>{3, 4, 5});
}

TEST_CASE("an address is found by its reverse name, under the first name that the file gives it") {
  constexpr std::string_view file =
      "192.0.2.1 first second\n192.0.2.1 third\n2001:db8::1 six\n0.0.0.0 ad1\n0.0.0.0 ad2\n";
  CHECK(found(file, "1.2.0.192.in-addr.arpa", Type::PTR) == "first.");
  CHECK(found(file, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.IP6.ARPA", Type::PTR) == "six.");
  CHECK(found(file, "0.0.0.0.in-addr.arpa", Type::PTR) == "ad1.");
  CHECK(found(file, "2.2.0.192.in-addr.arpa", Type::PTR) == "-");
}

TEST_CASE("an address that is there twice is given once") {
  CHECK(found("192.0.2.1 a\n192.0.2.1 a a\n", "a", Type::A) == "192.0.2.1");
}

TEST_CASE("a hundred thousand names are found, each with its own address") {
  std::string file;
  for (int i = 0; i < 100'000; ++i)
    file += fmt::format("10.{}.{}.{} host{}.example\n", i >> 16, i >> 8 & 255, i & 255, i);
  const auto table = HostsTable::parse(file, 1h);
  CHECK(table->size() == 200'000);
  for (int i = 0; i < 100'000; i += 997) {
    const auto host = table->find(Name(fmt::format("host{}.example.", i)));
    REQUIRE(host);
    CHECK(textOf(host->a) == fmt::format("10.{}.{}.{}", i >> 16, i >> 8 & 255, i & 255));
  }
}

TEST_CASE("a name has a bounded number of addresses") {
  std::string file;
  for (int i = 0; i < 1000; ++i) file += fmt::format("10.0.{}.{} many\n", i >> 8, i & 255);
  const auto host = HostsTable::parse(file, 1h)->find(Name("many."));
  REQUIRE(host);
  CHECK(host->a.count == HostsTable::maxAddresses);
}

}  // namespace hosts_table_test
