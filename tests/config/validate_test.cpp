#include "config/validate.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "config/schema.hpp"
#include "taut/server/zone_rates.hpp"
#include "taut/testing/query.hpp"

namespace validate_test {

using namespace taut;
using namespace taut::config;

namespace {

const auto file = std::make_shared<const std::string>("/etc/taut/taut.toml");

Origin at(std::uint32_t line) {
  return Origin::inFile(file, line, 1);
}

// What serves something, so that nothing else is missing.
Settings somethingToServe() {
  Settings settings;
  settings.set("hosts-file", {std::string("/etc/hosts"), at(1)});
  return settings;
}

void addZone(Settings& settings, const char* name, const char* path, std::uint32_t line) {
  Table& table = settings.add("zone", at(line));
  table.set(keyOf("zone[].name"), {std::string(name), at(line + 1)});
  table.set(keyOf("zone[].file"), {std::string(path), at(line + 2)});
}

std::optional<Configuration> validated(const Settings& settings) {
  Mistakes mistakes;
  return validate(settings, mistakes);
}

std::string mistakesOf(const Settings& settings) {
  Mistakes mistakes;
  std::string text;
  const bool made = validate(settings, mistakes).has_value();
  CHECK(made == mistakes.empty());
  for (const Mistake& mistake : mistakes) text += mistake.toText() + "\n";
  return text;
}

Address parsed(const char* text) {
  return *Address::parse(text);
}

testing::ReceivedQuery queryFrom(const Address& client) {
  return testing::query("www.example.com", Type::A, {.client = client});
}

}  // namespace

TEST_CASE("what is not given has the preset of the schema") {
  const auto configuration = validated(somethingToServe());
  REQUIRE(configuration);
  CHECK(configuration->server.udpSize == 1232);
  CHECK(configuration->server.answerTimeout == std::chrono::seconds(10));
  CHECK(configuration->server.cookies);
  CHECK(configuration->limits.tcpConnections == 1024);
  CHECK(configuration->server.drain == std::chrono::seconds(0));
  CHECK(addressesOf(configuration->listen) == std::vector{Address::anyV4(53), Address::anyV6(53)});
  CHECK(!configuration->rateLimit);
  CHECK(!configuration->forward);
}

TEST_CASE("a configuration without anything to serve is a mistake") {
  CHECK(mistakesOf(Settings()).starts_with("nothing to serve: "));
}

TEST_CASE("a path leads from the folder of the file that names it, and on the command line from where one stands") {
  Settings settings;
  addZone(settings, "a.example", "zones/a.zone", 1);
  addZone(settings, "b.example", "/var/b.zone", 5);
  settings.set("hosts-file", {std::string("hosts"), Origin::ofOption("--hosts-file")});
  const auto configuration = validated(settings);
  REQUIRE(configuration);
  CHECK(configuration->zones[0].path == "/etc/taut/zones/a.zone");
  CHECK(configuration->zones[1].path == "/var/b.zone");
  CHECK(configuration->hostsFile == "hosts");
}

TEST_CASE("a zone that is given twice is a mistake that names both places, whatever the case and the final dot") {
  Settings settings;
  addZone(settings, "example.com", "one", 1);
  addZone(settings, "EXAMPLE.com.", "two", 5);
  CHECK(mistakesOf(settings) ==
        "/etc/taut/taut.toml:6:1: zone EXAMPLE.com. of /etc/taut/two is there already, from /etc/taut/one "
        "(/etc/taut/taut.toml:2:1); expected it once\n");
}

TEST_CASE("an address that is given twice is no mistake") {
  Settings settings = somethingToServe();
  for (const std::uint32_t line : {1, 5})
    settings.add("listen", at(line))
        .set(keyOf("listen[].address"), {std::vector{Item{"127.0.0.1:5300", at(line)}}, at(line)});
  CHECK(mistakesOf(settings).empty());
}

TEST_CASE("all mistakes are found in one go, each with its place") {
  Settings settings = somethingToServe();
  settings.append("forward.servers", "192.0.2.300", at(10));
  settings.append("forward.servers", "nowhere", at(11));
  settings.append("forward.allow", "10.0.0.0/33", at(12));
  settings.append("forward.private-domains", "a..b", at(13));
  settings.set("forward.deny-rebinding", {true, at(14)});
  addZone(settings, "x..y", "file", 20);
  const std::string text = mistakesOf(settings);
  for (const char* const place : {":10:", ":11:", ":12:", ":13:", ":21:"})
    CHECK_MESSAGE(text.find(place) != std::string::npos, text);
}

TEST_CASE("a name of networks stands for them wherever networks are expected, also within another name") {
  Settings settings = somethingToServe();
  settings.append("acl.office", "192.0.2.0/24", at(1));
  settings.append("acl.ours", "office", at(2));
  settings.append("acl.ours", "loopback", at(2));
  settings.append("forward.servers", "192.0.2.53", at(3));
  settings.append("forward.allow", "ours", at(4));
  settings.set("rate-limit.responses", {std::int64_t{20}, at(5)});
  settings.append("rate-limit.exempt", "office", at(6));
  const auto configuration = validated(settings);
  REQUIRE(configuration);
  const AccessList& allowed = configuration->forward->allow;
  CHECK(allowed.allows(queryFrom(parsed("192.0.2.7"))));
  CHECK(allowed.allows(queryFrom(parsed("::1"))));
  CHECK(!allowed.allows(queryFrom(parsed("10.0.0.1"))));
  CHECK(configuration->rateLimit->exempt.allows(parsed("192.0.2.7")));
  CHECK(!configuration->rateLimit->exempt.allows(parsed("127.0.0.1")));
}

TEST_CASE("all clients may query unless networks are given, and none where the list is empty") {
  Settings settings = somethingToServe();
  CHECK(validated(settings)->server.allowQuery.allows(queryFrom(parsed("192.0.2.1"))));
  settings.append("server.allow-query", "private", at(2));
  CHECK(validated(settings)->server.allowQuery.allows(queryFrom(parsed("10.0.0.1"))));
  CHECK(!validated(settings)->server.allowQuery.allows(queryFrom(parsed("192.0.2.1"))));
  settings.set("server.allow-query", {std::vector<Item>(), at(2)});
  CHECK(!validated(settings)->server.allowQuery.allows(queryFrom(parsed("192.0.2.1"))));
}

TEST_CASE("names of networks that hold each other are a mistake, told once") {
  Settings settings = somethingToServe();
  settings.append("acl.a", "b", at(1));
  settings.append("acl.b", "a", at(2));
  CHECK(mistakesOf(settings) == "/etc/taut/taut.toml:2:1: 'a' is a part of itself\n");
}

TEST_CASE("names of networks that name each other often are read in little time") {
  Settings settings = somethingToServe();
  settings.append("acl.n00", "192.0.2.1", at(1));
  for (int i = 1; i < 60; ++i)
    for (int twice = 0; twice < 2; ++twice)
      settings.append(fmt::format("acl.n{:02}", i), fmt::format("n{:02}", i - 1), at(1));
  CHECK(mistakesOf(settings).empty());
}

TEST_CASE("the mistakes of a name are told once, however often it is used") {
  Settings settings = somethingToServe();
  settings.append("acl.office", "nonsense", at(1));
  settings.append("forward.servers", "192.0.2.53", at(2));
  settings.append("forward.allow", "office", at(3));
  settings.set("rate-limit.responses", {std::int64_t{20}, at(5)});
  settings.append("rate-limit.exempt", "office", at(6));
  const std::string text = mistakesOf(settings);
  CHECK(text.starts_with("/etc/taut/taut.toml:1:1: 'nonsense' is no network"));
  CHECK(std::ranges::count(text, '\n') == 1);
}

TEST_CASE("without networks that may recurse, those of this host and its own networks may") {
  Settings settings;
  settings.append("forward.servers", "192.0.2.53", at(1));
  const auto configuration = validated(settings);
  REQUIRE(configuration);
  for (const char* const inside : {"127.0.0.1", "::1", "10.1.2.3", "172.31.0.1", "192.168.1.1", "fd00::1", "fe80::1"})
    CHECK_MESSAGE(configuration->forward->allow.allows(queryFrom(parsed(inside))), inside);
  for (const char* const outside : {"192.0.2.1", "172.32.0.1", "2001:db8::1"})
    CHECK_MESSAGE(!configuration->forward->allow.allows(queryFrom(parsed(outside))), outside);
}

TEST_CASE("a limit of all responses is ten times that of one kind unless given, and never above the most") {
  Settings settings = somethingToServe();
  settings.set("rate-limit.responses", {std::int64_t{20}, at(1)});
  CHECK(validated(settings)->rateLimit->allPerSecond == 200);
  settings.set("rate-limit.responses", {std::int64_t{500'000}, at(1)});
  CHECK(validated(settings)->rateLimit->allPerSecond == 1'000'000);
  settings.set("rate-limit.all", {std::int64_t{0}, at(2)});
  CHECK(validated(settings)->rateLimit->allPerSecond == 0);
}

TEST_CASE("networks and zones have limits of their own, with ten times as many of all kinds unless none is wanted") {
  Settings settings = somethingToServe();
  Table& network = settings.add("rate-limit.network", at(1));
  network.set(keyOf("rate-limit.network[].networks"), {std::vector{Item{"192.0.2.0/24", at(2)}}, at(2)});
  network.set(keyOf("rate-limit.network[].responses"), {std::int64_t{5}, at(3)});
  Table& zone = settings.add("zone", at(4));
  zone.set(keyOf("zone[].name"), {std::string("example.net"), at(5)});
  zone.set(keyOf("zone[].rate-limit"), {std::int64_t{7}, at(6)});
  auto limit = validated(settings)->rateLimit;
  REQUIRE(limit);
  CHECK(limit->responsesPerSecond == 0);
  REQUIRE(limit->networks.size() == 1);
  CHECK(limit->networks[0].networks.allows(parsed("192.0.2.9")));
  CHECK(limit->networks[0].rate == ResponseRate{5, 50});
  REQUIRE(limit->zones->find(Name("EXAMPLE.net")));
  CHECK(*limit->zones->find(Name("example.net")) == ResponseRate{7, 70});
  CHECK_FALSE(limit->zones->find(Name("example.org")));

  settings.set("rate-limit.all", {std::int64_t{0}, at(7)});
  CHECK(validated(settings)->rateLimit->networks[0].rate == ResponseRate{5, 0});
  CHECK(*validated(settings)->rateLimit->zones->find(Name("example.net")) == ResponseRate{7, 0});
  settings.set("rate-limit.all", {std::int64_t{9}, at(7)});
  CHECK(mistakesOf(settings) == "/etc/taut/taut.toml:7:1: needs rate-limit.responses; expected 0, or both\n");
}

TEST_CASE("a limit for no network, one without a number, and one of a zone without a name are mistakes") {
  Settings settings = somethingToServe();
  Table& network = settings.add("rate-limit.network", at(1));
  network.set(keyOf("rate-limit.network[].networks"), {std::vector<Item>{}, at(2)});
  Table& zone = settings.add("zone", at(3));
  zone.set(keyOf("zone[].file"), {std::string("z"), at(4)});
  zone.set(keyOf("zone[].rate-limit"), {std::int64_t{7}, at(5)});
  CHECK(mistakesOf(settings) ==
        "/etc/taut/taut.toml:5:1: needs the zone's name; expected name = \"example.com\", say\n"
        "/etc/taut/taut.toml:2:1: no network; expected networks = [\"192.0.2.0/24\"], say\n"
        "/etc/taut/taut.toml:1:1: no limit; expected responses = 20, say, or 0 for none\n");
}

TEST_CASE("what says how to do a thing that is not done is a mistake") {
  Settings settings = somethingToServe();
  settings.set("rate-limit.slip", {std::int64_t{2}, at(1)});
  settings.set("forward.cache.size", {std::int64_t{1000}, at(2)});
  settings.append("forward.private-domains", "example.com", at(3));
  settings.set("server.cookies.enabled", {false, at(4)});
  settings.set("server.cookies.secrets-file", {std::string("secrets"), at(5)});
  settings.set("log.queries.format", {std::string("json"), at(6)});
  const std::string text = mistakesOf(settings);
  for (const char* const place :
       {"toml:1:1: needs rate-limit.responses", "toml:2:1: needs forward.servers",
        "toml:3:1: needs forward.deny-rebinding", "toml:5:1: does not go with", "toml:6:1: needs log.queries.one-in"})
    CHECK_MESSAGE(text.find(place) != std::string::npos, text);
}

TEST_CASE("one protocol of the two that DNS needs is a mistake") {
  Settings settings = somethingToServe();
  Table& table = settings.add("listen", at(1));
  table.set(keyOf("listen[].address"), {std::vector{Item{"127.0.0.1", at(2)}}, at(2)});
  table.set(keyOf("listen[].protocol"), {std::vector{Item{"udp", at(3)}}, at(3)});
  CHECK(mistakesOf(settings) ==
        "/etc/taut/taut.toml:3:1: 'tcp' is missing; expected both \"udp\" and \"tcp\", which "
        "DNS needs (RFC 7766)\n");
}

TEST_CASE("every key of the schema has an explanation, and a default or what holds without one") {
  for (const Key& key : schema()) {
    CHECK_MESSAGE(key.text.ends_with("."), key.path);
    const bool required = key.path == "zone-list[].file" || key.path == "view[].name" || key.path == "view[].match" ||
                          key.path == "rate-limit.network[].networks" || key.path == "rate-limit.network[].responses" ||
                          key.path == "handler[].name" || key.path == "handler[].library" ||
                          key.path == "remote.*.address" || key.path == "recursion.zone[].name" ||
                          key.path == "recursion.zone[].servers" || key.path == "recursion.policy[].zone";
    CHECK_MESSAGE((key.preset.empty() != key.absent.empty() || required), key.path);
    CHECK_MESSAGE(findKey(key.path) == &key, key.path);
    if (key.preset.empty()) continue;
    const Value preset = presetOf(key);
    if (const auto* const number = std::get_if<std::int64_t>(&preset))
      CHECK_MESSAGE((*number >= key.least && *number <= key.most), key.path);
  }
}

TEST_CASE("who may transfer a zone is nobody, or who is listed, and such a zone keeps its differences") {
  Settings settings;
  Table& open = settings.add("zone", at(1));
  open.set(keyOf("zone[].name"), {std::string("example.net"), at(2)});
  open.set(keyOf("zone[].allow-transfer"), {std::vector{Item{"192.0.2.0/24", at(3)}, Item{"loopback", at(3)}}, at(3)});
  Table& closed = settings.add("zone", at(4));
  closed.set(keyOf("zone[].name"), {std::string("example.org"), at(5)});
  Table& empty = settings.add("zone", at(6));
  empty.set(keyOf("zone[].name"), {std::string("example.com"), at(7)});
  empty.set(keyOf("zone[].allow-transfer"), {std::vector<Item>{}, at(8)});
  settings.set("limits.transfers.per-client", {std::int64_t{3}, at(9)});
  const auto valid = validated(settings);
  REQUIRE(valid);
  const Configuration& configuration = *valid;
  REQUIRE(configuration.zones.size() == 3);
  REQUIRE(configuration.zones[0].allowTransfer);
  CHECK(configuration.zones[0].allowTransfer->text == R"(["192.0.2.0/24", "loopback"])");
  const auto from = [](const char* address) { return queryFrom(parsed(address)); };
  CHECK(configuration.zones[0].allowTransfer->clients.allows(from("192.0.2.9")));
  CHECK(configuration.zones[0].allowTransfer->clients.allows(from("::1")));
  CHECK(!configuration.zones[0].allowTransfer->clients.allows(from("198.51.100.1")));
  CHECK(configuration.zones[0].source().keepsDifferences);
  CHECK(!configuration.zones[1].allowTransfer);
  CHECK(!configuration.zones[1].source().keepsDifferences);
  CHECK(!configuration.zones[2].allowTransfer);
  CHECK(configuration.limits.transfers == 100);
  CHECK(configuration.limits.transfersOfClient == 3);
}

TEST_CASE("a zone that may be transferred is named") {
  Settings settings;
  Table& zone = settings.add("zone", at(1));
  zone.set(keyOf("zone[].file"), {std::string("/zones/x"), at(2)});
  zone.set(keyOf("zone[].allow-transfer"), {std::vector{Item{"loopback", at(3)}}, at(3)});
  CHECK(mistakesOf(settings) ==
        "/etc/taut/taut.toml:3:1: needs the zone's name; expected name = \"example.com\", say\n");
}

}  // namespace validate_test
