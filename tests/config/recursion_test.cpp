// What [recursion] and its options say.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>

#include "config/recursion_reader.hpp"
#include "config/schema.hpp"
#include "config/validate.hpp"
#include "configuration_file.hpp"
#include "taut/testing/query.hpp"

namespace recursion_test {

using namespace taut;
using namespace taut::config;

namespace {

Origin option(const char* name) {
  return Origin::ofOption(name);
}

Settings recursor() {
  Settings settings;
  settings.set("recursion.enabled", {true, option("--recursor")});
  return settings;
}

// As the command line does it, with a file before it.
std::optional<Configuration> validated(Settings settings, std::string& wrong) {
  Mistakes mistakes;
  implyRecursion(settings);
  auto configuration = validate(std::move(settings), mistakes);
  for (const Mistake& mistake : mistakes) wrong += mistake.toText() + "\n";
  return configuration;
}

std::string mistakesOf(const Settings& settings) {
  std::string wrong;
  validated(settings, wrong);
  return wrong;
}

RecursionSettings recursionOf(const Settings& settings) {
  std::string wrong;
  const auto configuration = validated(settings, wrong);
  CHECK(wrong.empty());
  REQUIRE(configuration);
  REQUIRE(configuration->recursion);
  CHECK(!configuration->forward);
  return *configuration->recursion;
}

}  // namespace

TEST_CASE("a table [recursion] enables it, with the presets of the library, for this host and its networks") {
  const ConfigurationFile file;
  const auto loaded = file.load("[recursion]\n");
  REQUIRE(loaded);
  REQUIRE(loaded->recursion);
  const RecursionSettings& recursion = *loaded->recursion;
  const RecursorOptions& options = recursion.options;
  const RecursorOptions usual;
  CHECK(options.deadline == usual.deadline);
  CHECK(options.minTtl == usual.minTtl);
  CHECK(options.maxTtl == usual.maxTtl);
  CHECK(options.minimisesQnames == usual.minimisesQnames);
  CHECK(options.usesIpv4 == usual.usesIpv4);
  CHECK(options.usesIpv6 == usual.usesIpv6);
  CHECK(options.usesLoopback == usual.usesLoopback);
  CHECK(options.glue == usual.glue);
  CHECK(options.sendsCookies == usual.sendsCookies);
  CHECK(options.servesStale == usual.servesStale);
  CHECK(options.synthesisesDenials == usual.synthesisesDenials);
  CHECK(options.plainIteration == usual.plainIteration);
  CHECK(options.udpPayloadSize == usual.udpPayloadSize);
  CHECK(options.algorithms.validateSha1 == usual.algorithms.validateSha1);
  CHECK(options.cacheBytes == 0);
  CHECK(options.zones.empty());
  CHECK(recursion.localZones);
  CHECK(!recursion.dns64);
  CHECK(recursion.validates);
  CHECK(recursion.rootHints.empty());
  CHECK(recursion.trustAnchors.empty());
  const auto allows = [&](const char* client) {
    return recursion.allow.allows(testing::query("x", Type::A, {.client = *Address::parse(client)}));
  };
  CHECK(allows("127.0.0.1"));
  CHECK(allows("192.168.1.1"));
  CHECK(!allows("192.0.2.1"));
}

TEST_CASE("any key of [recursion] enables it, and enabled = false turns it off with all that it has") {
  const ConfigurationFile file;
  const auto implied = file.load("recursion.max-ttl = \"1h\"\n");
  REQUIRE(implied);
  REQUIRE(implied->recursion);
  CHECK(implied->recursion->options.maxTtl == 3600);
  const auto found = std::ranges::find(implied->values, "recursion.enabled", &EffectiveValue::path);
  REQUIRE(found != implied->values.end());
  CHECK(found->text == "true");
  CHECK(file.mistakes("[recursion]\nenabled = false\nmax-ttl = \"1h\"\n") ==
        "taut.toml:1:1: nothing to serve; expected [[zone]], [[zone-list]], hosts-file, [forward], [recursion] or "
        "[[handler]]\n");
}

TEST_CASE("all keys of [recursion] are taken") {
  const ConfigurationFile file;
  const auto loaded = file.load(R"([recursion]
allow = ["192.0.2.0/24"]
cache-size = "32M"
root-hints = "hints"
trust-anchors = ["a.key", "/b.key"]
negative-trust-anchors = ["broken.example"]
sha1 = "insecure"
outgoing = ["192.0.2.99", "2001:db8::99"]
upstream-ipv6 = false
qname-minimisation = false
query-loopback = true
harden-glue = false
upstream-cookies = false
upstream-udp-size = 4096
deadline = "4s"
min-ttl = "5s"
max-ttl = "10m"
serve-stale = false
synthesise-denials = false
plain-iteration = true
deny-rebinding = true
private-domains = ["corp.example"]
local-zones = false
dns64 = "2001:db8:64::/96"
[[recursion.policy]]
zone = "rpz.example"
[[recursion.policy]]
zone = "other.example"
reason = "censored"
[[recursion.zone]]
name = "corp.example"
servers = ["192.0.2.1", "[2001:db8::1]:5353"]
[[recursion.zone]]
name = "lab.example"
kind = "stub"
servers = ["192.0.2.2"]
)");
  REQUIRE(loaded);
  REQUIRE(loaded->recursion);
  const RecursionSettings& recursion = *loaded->recursion;
  const RecursorOptions& options = recursion.options;
  CHECK(options.cacheBytes == 32u << 20);
  CHECK(recursion.rootHints == file.path("hints"));
  CHECK(recursion.trustAnchors == std::vector<std::string>{file.path("a.key"), "/b.key"});
  CHECK(recursion.negativeTrustAnchors == std::vector{Name("broken.example")});
  CHECK(!options.algorithms.validateSha1);
  CHECK(options.sources.all() == std::vector{*Address::parse("192.0.2.99", 0), *Address::parse("2001:db8::99", 0)});
  CHECK(!options.usesIpv6);
  CHECK(!options.minimisesQnames);
  CHECK(options.usesLoopback);
  CHECK(options.glue != RecursorOptions().glue);
  CHECK(!options.sendsCookies);
  CHECK(options.udpPayloadSize == 4096);
  CHECK(options.deadline == std::chrono::seconds(4));
  CHECK(options.minTtl == 5);
  CHECK(options.maxTtl == 600);
  CHECK(!options.servesStale);
  CHECK(!options.synthesisesDenials);
  CHECK(options.plainIteration);
  CHECK(recursion.denyRebinding);
  CHECK(recursion.privateDomains == std::vector{Name("corp.example")});
  CHECK(!recursion.localZones);
  CHECK(recursion.dns64 == Nat64Prefix::parse("2001:db8:64::/96"));
  REQUIRE(recursion.policies.size() == 2);
  CHECK(recursion.policies[0].zone == Name("rpz.example"));
  CHECK(recursion.policies[0].reason == ExtendedErrorCode::blocked);
  CHECK(recursion.policies[1].reason == ExtendedErrorCode::censored);
  REQUIRE(options.zones.size() == 2);
  CHECK(options.zones[0].zone == Name("corp.example"));
  CHECK(options.zones[0].kind == FixedZone::Kind::forward);
  CHECK(options.zones[0].servers ==
        std::vector{*Address::parse("192.0.2.1", 53), *Address::parse("2001:db8::1", 5353)});
  CHECK(options.zones[1].kind == FixedZone::Kind::stub);
}

TEST_CASE("the state of trust anchors is kept in its file, or else in the folder for state, and else not at all") {
  const ConfigurationFile file;
  const auto stateOf = [&](const std::string& text) {
    const auto loaded = file.load(text);
    REQUIRE(loaded);
    REQUIRE(loaded->recursion);
    return loaded->recursion->trustAnchorState;
  };
  const std::string folder = "server.state-directory = \"kept\"\n";
  CHECK(stateOf("[recursion]\n").empty());
  CHECK(stateOf("recursion.trust-anchor-state = \"a.state\"\n") == file.path("a.state"));
  CHECK(stateOf(folder + "[recursion]\n") == file.path("kept/trust-anchors.state"));
  CHECK(stateOf(folder + "[recursion]\ntrust-anchor-state = \"/b.state\"\n") == "/b.state");
  CHECK(stateOf(folder + "[recursion]\nvalidate = false\n").empty());
  CHECK(stateOf(folder + "[recursion]\nplain-iteration = true\n").empty());
}

TEST_CASE("trust anchors have no state where nothing is validated, or nothing is asked for ahead of time") {
  const ConfigurationFile file;
  CHECK(file.mistakes("[recursion]\nvalidate = false\ntrust-anchor-state = \"a\"\n") ==
        "taut.toml:3:22: does not go with recursion.validate = false, which validates nothing\n");
  CHECK(file.mistakes("[recursion]\nplain-iteration = true\ntrust-anchor-state = \"a\"\n") ==
        "taut.toml:3:22: does not go with recursion.plain-iteration, which asks for nothing ahead of time\n");
}

TEST_CASE("mistakes in [recursion] have their places, and say what would be right") {
  const ConfigurationFile file;
  CHECK(file.mistakes(R"([recursion]
upstream-ipv4 = false
upstream-ipv6 = false
validate = false
trust-anchors = ["a.key"]
min-ttl = "1500ms"
max-ttl = "1s"
private-domains = ["corp.example"]
negative-trust-anchors = ["a..b"]
dns64 = "64:ff9b::/95"
[[recursion.zone]]
servers = ["192.0.2.1"]
[[recursion.zone]]
name = "a.example"
servers = []
[[recursion.zone]]
name = "b.example"
kind = "primary"
servers = ["192.0.2.1"]
[[recursion.zone]]
name = "c.example"
servers = ["192.0.2.1"]
[[recursion.zone]]
name = "C.example"
servers = ["192.0.2.x"]
[[recursion.policy]]
reason = "blocked"
[[recursion.policy]]
zone = "rpz.example"
[[recursion.policy]]
zone = "RPZ.example"
)") == "taut.toml:3:17: no server can be asked without recursion.upstream-ipv4 as well; expected one of the two\n"
       "taut.toml:5:17: does not go with recursion.validate = false, which validates nothing\n"
       "taut.toml:6:11: expected whole seconds\n"
       "taut.toml:8:19: needs recursion.deny-rebinding, without which all domains may have private addresses\n"
       "taut.toml:9:26: does not go with recursion.validate = false, which validates nothing\n"
       "taut.toml:9:27: 'a..b' is not a domain name; expected one such as example.com\n"
       "taut.toml:10:9: '64:ff9b::/95' is no prefix for NAT64; expected one of IPv6 of 32, 40, 48, 56, 64 or 96 bits, "
       "such as 64:ff9b::/96\n"
       "taut.toml:11:1: a zone without a name; expected name = \"corp.example\", say\n"
       "taut.toml:15:11: no server; expected servers = [\"192.0.2.1\"], say\n"
       "taut.toml:18:8: 'kind': expected one of \"stub\", \"forward\", not the text \"primary\"\n"
       "taut.toml:24:8: zone C.example. is there already; expected it once\n"
       "taut.toml:25:12: '192.0.2.x' is not an address; expected one such as 192.0.2.1 or 2001:db8::1\n"
       "taut.toml:26:1: a policy without a zone; expected zone = \"rpz.example\", say\n"
       "taut.toml:31:8: policy zone RPZ.example. is there already; expected it once\n");
}

TEST_CASE("[forward] beside [recursion] says whom to ask in the place of the root, and nothing else") {
  const ConfigurationFile file;
  const auto loaded = file.load("[recursion]\n[forward]\nservers = [\"192.0.2.1\"]\n");
  REQUIRE(loaded);
  CHECK(!loaded->forward);
  REQUIRE(loaded->recursion);
  REQUIRE(loaded->recursion->options.zones.size() == 1);
  const FixedZone& root = loaded->recursion->options.zones.front();
  CHECK(root.zone == Name());
  CHECK(root.kind == FixedZone::Kind::forward);
  CHECK(root.servers == std::vector{*Address::parse("192.0.2.1", 53)});
  CHECK(file.mistakes("[recursion]\n[forward]\nresolv-conf = \"/etc/resolv.conf\"\ncache.size = \"1M\"\n"
                      "allow = [\"any\"]\n") ==
        "taut.toml:3:15: does not go with [recursion]; expected forward.servers\n"
        "taut.toml:4:14: does not go with [recursion], which keeps what it finds; expected recursion.cache-size, or "
        "nothing\n"
        "taut.toml:5:9: does not go with [recursion]; expected recursion.allow\n");
  CHECK(file.mistakes("[forward]\nservers = [\"192.0.2.1\"]\n[[recursion.zone]]\nname = \".\"\n"
                      "servers = [\"192.0.2.2\"]\n") ==
        "taut.toml:2:12: a recursion.zone has the servers of the root already; expected them once\n");
}

TEST_CASE("what the command line says of forwarding is meant for recursion where that is enabled") {
  Settings settings = recursor();
  settings.append("forward.allow", "192.0.2.0/24", option("--allow-recursion"));
  settings.set("forward.deny-rebinding", {true, option("--deny-rebinding")});
  settings.append("forward.private-domains", "corp.example", option("--private-domain"));
  const RecursionSettings recursion = recursionOf(settings);
  CHECK(recursion.denyRebinding);
  CHECK(recursion.privateDomains == std::vector{Name("corp.example")});
  CHECK(recursion.allow.allows(testing::query("x", Type::A, {.client = *Address::parse("192.0.2.1")})));

  settings.set("forward.cache.size", {std::int64_t{1} << 26, option("--cache")});
  settings.set("forward.resolv-conf", {std::string("/etc/resolv.conf"), option("--recursive")});
  CHECK(mistakesOf(settings) ==
        "--recursive: does not go with --recursor; expected --forward\n"
        "--cache: does not go with --recursor, which keeps what it finds; expected --cache-size, or nothing\n");
}

TEST_CASE("a trust anchor beside --forward makes a forwarder that validates") {
  Settings settings;
  settings.append("forward.servers", "192.0.2.1", option("--forward"));
  settings.append("recursion.trust-anchors", "root.key", option("--trust-anchor"));
  CHECK(recursionOf(settings).options.zones.size() == 1);
}

TEST_CASE("a view without forwarding of its own has the recursion of all, and one with has its own servers") {
  const ConfigurationFile file;
  const auto loaded = file.load(
      "[recursion]\n[[view]]\nname = \"a\"\nmatch = [\"192.0.2.0/24\"]\n"
      "[[view]]\nname = \"b\"\nmatch = [\"any\"]\nforward.servers = [\"192.0.2.1\"]\n");
  REQUIRE(loaded);
  CHECK(!loaded->views[0].forward);
  CHECK(loaded->views[1].forward);
  CHECK(loaded->recurses());
  CHECK(countForwarders(*loaded) == 2);
}

TEST_CASE("a local root is the zone of the root, which is not served then, and is as any other without") {
  const ConfigurationFile file;
  const std::string zones = "[[zone]]\nname = \".\"\nprimaries = [\"192.0.2.1\"]\n[[zone]]\nname = \"example.com\"\n";
  const auto loaded = file.load("[recursion]\nlocal-root = true\n" + zones);
  REQUIRE(loaded);
  CHECK(loaded->recursion->localRoot);
  REQUIRE(loaded->zones.size() == 2);
  CHECK(!loaded->zones[0].source().isServed);
  CHECK(loaded->zones[1].source().isServed);
  const auto without = file.load("[recursion]\n" + zones);
  REQUIRE(without);
  CHECK(!without->recursion->localRoot);
  CHECK(without->zones[0].source().isServed);
  CHECK(!without->zones[0].hasSameSource(loaded->zones[0]));
  const auto off = file.load("[recursion]\nenabled = false\nlocal-root = true\n" + zones);
  REQUIRE(off);
  CHECK(off->zones[0].source().isServed);
}

TEST_CASE("a local root without a zone of the root, or beside servers of one's own for it, is a mistake") {
  const ConfigurationFile file;
  const std::string needs =
      "taut.toml:2:14: needs a copy of the root zone; expected a [[zone]] with name = \".\", and with primaries that "
      "allow its transfer or a file\n";
  CHECK(file.mistakes("[recursion]\nlocal-root = true\n") == needs);
  CHECK(file.mistakes("[recursion]\nlocal-root = true\n[[zone]]\nfile = \"root.zone\"\n") == needs);
  CHECK(file.mistakes("[recursion]\nlocal-root = true\n[[view]]\nname = \"a\"\nmatch = [\"any\"]\n"
                      "[[view.zone]]\nname = \".\"\nfile = \"root.zone\"\n") == needs);
  const std::string zone = "[[zone]]\nname = \".\"\nfile = \"root.zone\"\n";
  CHECK(file.mistakes("[recursion]\nlocal-root = true\n[forward]\nservers = [\"192.0.2.1\"]\n" + zone) ==
        "taut.toml:2:14: does not go with servers of one's own for the root, those of [forward]; expected one of the "
        "two\n");
  CHECK(
      file.mistakes("[recursion]\nlocal-root = true\n[[recursion.zone]]\nname = \".\"\nkind = \"stub\"\n"
                    "servers = [\"192.0.2.1\"]\n" +
                    zone) ==
      "taut.toml:2:14: does not go with servers of one's own for the root, those of a recursion.zone; expected one of "
      "the two\n");
}

}  // namespace recursion_test
