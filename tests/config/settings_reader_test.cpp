#include "config/settings_reader.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace settings_reader_test {

using namespace taut::config;

namespace {

struct Document {
  Settings settings;
  std::string mistakes;  // a line for each, its place without the name of the file
};

Document read(std::string text) {
  static const FindVariable find = [](std::string_view name) {
    return name == "SET" ? std::optional<std::string>("value") : std::nullopt;
  };
  const auto path = std::make_shared<const std::string>("x");
  const auto makeOrigin = [&](auto line, auto column) { return Origin::inFile(path, line, column); };
  Document document;
  Mistakes mistakes;
  SettingsReader reader(document.settings, mistakes, find);
  if (auto mistake = readToml(std::move(text), makeOrigin, reader)) mistakes.push_back(*mistake);
  std::ranges::stable_sort(mistakes, {}, &Mistake::origin);
  for (const Mistake& mistake : mistakes) document.mistakes += mistake.toText().substr(2) + "\n";
  return document;
}

std::string mistakesIn(std::string text) {
  return read(std::move(text)).mistakes;
}

template <typename T>
T valueOf(const Document& document, std::string_view path) {
  const Setting* const setting = document.settings.find(path);
  REQUIRE_MESSAGE(setting != nullptr, document.mistakes);
  return std::get<T>(setting->value);
}

}  // namespace

TEST_CASE("values are read in the types of the schema") {
  const Document document = read(R"(
hosts-file = "/etc/hosts"
[server]
identity = "ns1"
version = false
hide = ["nsid", "version.bind"]
threads = 4
answer-timeout = "1500ms"
rrset-roundrobin = true
[forward]
cache = { size = "256M" }
[acl]
office = ["192.0.2.0/24"]
)");
  CHECK(document.mistakes == "");
  CHECK(valueOf<std::string>(document, "hosts-file") == "/etc/hosts");
  CHECK(valueOf<std::string>(document, "server.identity") == "ns1");
  CHECK(valueOf<bool>(document, "server.version") == false);
  CHECK(valueOf<std::vector<Item>>(document, "server.hide")[1].text == "version.bind");
  CHECK(valueOf<std::int64_t>(document, "server.threads") == 4);
  CHECK(valueOf<std::int64_t>(document, "server.answer-timeout") == 1500);
  CHECK(valueOf<bool>(document, "server.rrset-roundrobin"));
  CHECK(valueOf<std::int64_t>(document, "forward.cache.size") == 256 << 20);
  CHECK(valueOf<std::vector<Item>>(document, "acl.office").size() == 1);
}

TEST_CASE("a value knows its line and column, and so does each of a list") {
  const Document document = read("[server]\nidentity = \"ns1\"\nhide = [\n  \"nsid\",\n]\n");
  CHECK(document.settings.find("server.identity")->origin.toText() == "x:2:12");
  CHECK(valueOf<std::vector<Item>>(document, "server.hide")[0].origin.toText() == "x:4:3");
}

TEST_CASE("lists of tables are read in order, also as inline tables") {
  for (const char* const text : {"[[zone]]\nname = \"a\"\n[[zone]]\nname = \"b\"\nfile = \"f\"\n",
                                 "zone = [{ name = \"a\" }, { name = \"b\", file = \"f\" }]\n"}) {
    const Document document = read(text);
    CHECK(document.mistakes == "");
    const auto& zones = document.settings.tables("zone");
    REQUIRE(zones.size() == 2);
    CHECK(std::get<std::string>(zones[0].find(keyOf("zone[].name"))->value) == "a");
    CHECK(zones[0].find(keyOf("zone[].file")) == nullptr);
    CHECK(std::get<std::string>(zones[1].find(keyOf("zone[].file"))->value) == "f");
  }
  CHECK(mistakesIn("zone = []\n") == "");
}

TEST_CASE("all mistakes of keys and values are found in one go, in the order of their places") {
  CHECK(mistakesIn(R"(hosts-file = 5
[server]
udp-size = 70
threads = "four"
answer-timeout = 10
hide = ["nsid", "nothing"]
version = true
identity = ""
[forward]
servers = "192.0.2.1"
cache.size = "2T"
deny-rebinding = 1
)") == R"(1:14: 'hosts-file': expected the path of a file, not 5
3:12: 'udp-size': expected a whole number from 512 to 4096, not 70
4:11: 'threads': expected a whole number from 0 to 1024, not the text "four"
5:18: 'answer-timeout': expected a duration from 1s to 1h, such as "10s", not 10
6:17: 'hide': expected one of "version.bind", "version.server", "hostname.bind", "id.server", "nsid", )"
       R"(not the text "nothing"
7:11: 'version': expected a text of 1 to 255 octets, or false, not true
8:12: 'identity': expected a text of 1 to 255 octets, not the text ""
10:11: 'servers': expected a list, each an address such as "192.0.2.1" or "[2001:db8::1]:5300", not the text "192.0.2.1"
11:14: 'size': expected a size up to 1024G, such as "64M", not the text "2T"
12:18: 'deny-rebinding': expected true or false, not 1
)");
}

TEST_CASE("values of types that no key has are named") {
  CHECK(mistakesIn("server.threads = 1.5\n") ==
        "1:18: 'threads': expected a whole number from 0 to 1024, not a number with a fraction\n");
  CHECK(mistakesIn("hosts-file = 2026-01-01\n") ==
        "1:14: 'hosts-file': expected the path of a file, not a date or a time\n");
  CHECK(mistakesIn("server.hide = [[\"nsid\"]]\n").ends_with("\"nsid\", not a list\n"));
  CHECK(mistakesIn("server.hide = [{}, 1]\n").find("not a table") != std::string::npos);
}

TEST_CASE("a text that may have any length is expected without one") {
  CHECK(mistakesIn("[[zone]]\ntemplate = 5\nnotify = \"a\"\n") ==
        "2:12: 'template': expected a text, not 5\n3:10: 'notify': expected a list, each a text, not the text \"a\"\n");
}

TEST_CASE("an unknown key is told with what it may mean") {
  CHECK(mistakesIn("[server]\nidentiyt = \"x\"\n") ==
        "2:1: 'identiyt' is not known in [server]; did you mean 'identity'?\n");
  CHECK(mistakesIn("[sever]\nidentity = \"x\"\n") ==
        "1:2: 'sever' is not known at the top of the file; did you mean 'server'?\n");
  CHECK(mistakesIn("[[zones]]\nname = \"x\"\n[[zones]]\nname = \"y\"\n") ==
        "1:1: 'zones' is not known at the top of the file; did you mean 'zone'?\n");
  CHECK(mistakesIn("[[zone]]\nnmae = \"x\"\n") == "2:1: 'nmae' is not known in [[zone]]; did you mean 'name'?\n");
}

TEST_CASE("a key in the wrong table is told with the right one") {
  CHECK(mistakesIn("[server]\nhosts-file = \"x\"\n") ==
        "2:1: 'hosts-file' is not known in [server]; expected it at the top of the file\n");
  CHECK(mistakesIn("udp-size = 1232\n") ==
        "1:1: 'udp-size' is not known at the top of the file; expected it in [server]\n");
}

TEST_CASE("an unknown key that is like no other is told with the keys that there are") {
  CHECK(mistakesIn("[log]\nfilename = 1\n") ==
        "2:1: 'filename' is not known in [log]; expected one of verbose, queries\n");
}

TEST_CASE("a table where a list of tables is expected is told with the right header, and the other way round") {
  CHECK(mistakesIn("[zone]\nname = \"x\"\n") == "1:2: 'zone' is a list of tables; expected [[zone]]\n");
  CHECK(mistakesIn("[[server]]\nthreads = 1\n") == "1:1: 'server' is one table; expected [server]\n");
  CHECK(mistakesIn("server = 1\n") == "1:10: 'server' is a table; expected [server], not 1\n");
  CHECK(mistakesIn("zone = \"x\"\n") == "1:8: 'zone' is a list of tables; expected [[zone]], not the text \"x\"\n");
  CHECK(mistakesIn("[hosts-file]\nx = 1\n") == "1:2: 'hosts-file' is no table; expected the path of a file\n");
  CHECK(mistakesIn("[[hosts-file]]\nx = 1\n") ==
        "1:1: 'hosts-file' is no list of tables; expected the path of a file\n");
}

TEST_CASE("a quoted key stands for no path") {
  CHECK(mistakesIn("\"server.identity\" = \"x\"\n") ==
        "1:1: 'server.identity' is not known; expected letters, digits, '-' and '_' in a key\n");
  CHECK(mistakesIn("[acl]\n\"*\" = []\n").find("'acl.*' is not known") != std::string::npos);
}

TEST_CASE("a bare word is told to need quotes, and shown with them") {
  for (const char* const word : {"ns1", "foo", "xyz", "true1", "inf1", "yes", "192.0.2.1", "10.0.0.0/8", "::1", "5s",
                                 "256M", "/etc/hosts", "$X", "my server"}) {
    const std::string expected = fmt::format("1:5: a text needs quotes; expected \"{}\"\n", word);
    CHECK(mistakesIn(fmt::format("a = {}\n", word)) == expected);
    CHECK(mistakesIn(fmt::format("a = {}   # a comment\r\n", word)) == expected);
  }
  CHECK(mistakesIn("a = [udp, tcp]\n") == "1:6: a text needs quotes; expected \"udp\"\n");
  CHECK(mistakesIn("a = [\n  \"udp\",\n  tcp\n]\n") == "3:3: a text needs quotes; expected \"tcp\"\n");
}

TEST_CASE("other mistakes of syntax are no bare words") {
  for (const char* const text : {"a = \"x\n", "a = \n", "a\n", "[s\n", "a = 01\n", "a = 1\na = 2\n", "a = 'x' y\n",
                                 "a = {b = 1,}\n", "a = \"\\q\"\n", "\x01", "a = \"\xff\"\n", "= 1\n", "[]\n"}) {
    const std::string mistakes = mistakesIn(text);
    CHECK_MESSAGE(mistakes != "", text);
    CHECK_MESSAGE(mistakes.find("needs quotes") == std::string::npos, mistakes);
  }
}

TEST_CASE("a key that stands twice in a file is told with both places") {
  CHECK(mistakesIn("[server]\nthreads = 1\nudp-size = 1232\nthreads = 2\n").ends_with("which stands in line 2\n"));
  CHECK(mistakesIn("[server]\nthreads = 1\n[log]\n[server]\nthreads = 2\n").ends_with("which stands in line 1\n"));
}

TEST_CASE("variables are replaced in texts, and one that is not set is a mistake at its place") {
  const Document document = read("[server]\nidentity = \"a-${SET}-${SET}\"\nversion = \"$${SET} $5\"\n");
  CHECK(valueOf<std::string>(document, "server.identity") == "a-value-value");
  CHECK(valueOf<std::string>(document, "server.version") == "${SET} $5");
  CHECK(mistakesIn("server.hide = [\"${UNSET}\"]\n") ==
        "1:16: the environment has no variable 'UNSET'; expected it to be set\n");
  CHECK(mistakesIn("hosts-file = \"${SET\"\n").starts_with("1:14: '${' without an end"));
}

TEST_CASE("a text with a NUL is refused, whose rest a path would lose") {
  CHECK(mistakesIn("hosts-file = \"a\\u0000b\"\n").starts_with("1:14: 'hosts-file': expected the path of a file"));
}

}  // namespace settings_reader_test
