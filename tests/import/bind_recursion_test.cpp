#include <string>

#include <doctest/doctest.h>

#include "import/memory_files.hpp"

namespace bind_recursion_test {

using namespace taut::importer;

namespace {

// What is written of a zone "." is a copy of the root.
const std::string mirror = "zone . { type mirror; };\n";

std::string withOptions(const std::string& options) {
  return "options { allow-recursion { any; };\n" + options + " };\n";
}

}  // namespace

TEST_CASE("A named that finds answers itself becomes a [recursion] of the same, without a comment") {
  const std::string toml = imported(Kind::bind, R"(acl office { 10.0.0.0/8; localhost; };
options {
  directory "/var/cache/bind";
  recursion yes;
  allow-recursion { office; };
  allow-transfer { none; };
  dnssec-validation auto;
  validate-except { "lab.example"; };
  max-cache-size 256m;
  max-cache-ttl 2h;
  min-cache-ttl 60; min-ncache-ttl 1m;
  edns-udp-size 1400;
  query-source address 192.0.2.1;
  query-source-v6 address * port *;
  qname-minimization off;
  send-cookie no; synth-from-dnssec no; empty-zones-enable no;
  stale-answer-enable no;
  dns64 64:ff9b::/96 { clients { any; }; mapped { any; }; suffix ::; recursive-only yes; };
  response-policy { zone "block.example" policy given; } break-dnssec yes qname-wait-recurse no;
};
trust-anchors {
  . initial-ds 38696 8 2 "683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A
    4C0FB2B16";
};
zone "." { type hint; file "/usr/share/dns/root.hints"; };
zone "corp.example" { type forward; forward only; forwarders { 10.0.0.53; 10.0.0.54 port 5300; }; };
zone "10.in-addr.arpa" { type static-stub; server-addresses { 10.0.0.55; }; };
primaries hidden { 192.0.2.1; };
zone "stub.example" { type stub; primaries { hidden; }; file "stub.db"; };
zone "block.example" { type primary; file "/etc/bind/block.zone"; };
)");
  CHECK(toml == R"(# Made by tautctl import from /etc/source.conf, a configuration of BIND.

[server]
state-directory = "/var/lib/taut"

[acl]
office = ["10.0.0.0/8", "loopback"]

[recursion]
allow = ["office"]
cache-size = "256M"
root-hints = "/usr/share/dns/root.hints"
negative-trust-anchors = ["lab.example"]
local-zones = false
qname-minimisation = false
serve-stale = false
synthesise-denials = false
upstream-cookies = false
min-ttl = "60s"
max-ttl = "7200s"
upstream-udp-size = 1400
outgoing = ["192.0.2.1"]
dns64 = "64:ff9b::/96"

[[recursion.zone]]
name = "corp.example"
servers = ["10.0.0.53", "10.0.0.54:5300"]

[[recursion.zone]]
name = "10.in-addr.arpa"
kind = "stub"
servers = ["10.0.0.55"]

[[recursion.zone]]
name = "stub.example"
kind = "stub"
servers = ["192.0.2.1"]

[[recursion.policy]]
zone = "block.example"

[[zone]]
name = "block.example"
file = "/etc/bind/block.zone"
)");
}

TEST_CASE("A named that says nothing of recursion resolves for this host, and that it is so stands in a comment") {
  CHECK(imported(Kind::bind, "zone \".\" { type hint; file \"/usr/share/dns/root.hints\"; };\n") ==
        R"(# Made by tautctl import from /etc/source.conf, a configuration of BIND.

# not supported: recursion for the networks of this host, which is the default (give them to allow in [recursion])

[server]
state-directory = "/var/lib/taut"

[recursion]
allow = ["loopback"]
root-hints = "/usr/share/dns/root.hints"
)");
}

TEST_CASE("A named that lets nobody recurse, or forwards to nobody whom it can ask, becomes no recursor") {
  for (const char* const options : {"recursion no;", "allow-recursion { none; };", "allow-query-cache { none; };",
                                    "forwarders port 853 tls x { ::1; };", "forwarders { ::1 port 853 tls x; };"}) {
    CAPTURE(options);
    const std::string toml = imported(Kind::bind, "options { " + std::string(options) + " send-cookie no; };");
    CHECK(toml.find("[recursion]\n") == toml.npos);
    CHECK(toml.find("[forward]\n") == toml.npos);
    CHECK(hasLine(toml, "# line 1: not supported: send-cookie no (no names are resolved)"));
  }
  const std::string encrypted = imported(Kind::bind, withOptions("forwarders port 853 tls x { ::1; };"));
  CHECK(hasLine(encrypted,
                "# line 2: not supported: forwarders port 853 tls x { … } (other servers are asked without TLS, so "
                "none is here)"));
}

TEST_CASE("A named whose validation is off, or has no key to begin with, becomes a recursor that does not validate") {
  for (const char* const value : {"no", "yes"}) {
    const std::string toml = imported(
        Kind::bind, withOptions("dnssec-validation " + std::string(value) + "; validate-except { a.example; };"));
    CHECK(hasLine(toml, "validate = false"));
    CHECK(hasLine(toml, "# line 2: not supported: a.example (nothing is validated)"));
    CHECK(toml.find("state-directory") == toml.npos);
  }
  const std::string keyed =
      imported(Kind::bind, withOptions("dnssec-validation yes;") +
                               "managed-keys { corp.example. initial-key 257 3 8 \"AwE AAQ==\"; };\n");
  CHECK(keyed.find("validate") == keyed.npos);
  CHECK(hasLine(keyed,
                "# line 3: not supported: corp.example. initial-key 257 3 8 \"AwE AAQ==\" (give "
                "recursion.trust-anchors a file with the record corp.example. DNSKEY 257 3 8 AwEAAQ==, and with those "
                "of the root where they are needed)"));
  const std::string trusted =
      imported(Kind::bind, "trusted-keys { a.example. 257 3 8 AwE; };\ntrust-anchors { x y; };");
  CHECK(trusted.find("the record a.example. DNSKEY 257 3 8 AwE,") != trusted.npos);
  CHECK(hasLine(trusted, "# line 2: not supported: x y (expected a key or a digest)"));
}

TEST_CASE("A named that forwards all names and does nothing more with them becomes a forwarder") {
  const std::string forwarders = "forwarders { 192.0.2.53; }; dnssec-validation auto;";
  const std::string toml = imported(Kind::bind, withOptions(forwarders));
  CHECK(toml.find("[recursion]\n") == toml.npos);
  CHECK(hasLine(toml,
                "# line 2: not supported: dnssec-validation auto (it needs a [recursion], which may stand beside "
                "[forward])"));
  const std::string zone =
      imported(Kind::bind, withOptions("") + "zone . { type forward; forwarders { 192.0.2.53; }; };");
  CHECK(hasLine(zone, "servers = [\"192.0.2.53\"]"));
  CHECK(zone.find("[recursion]\n") == zone.npos);
}

TEST_CASE("A named that forwards all names but some asks the forwarders in the place of the root") {
  const std::string toml =
      imported(Kind::bind, withOptions("forwarders { 192.0.2.53; };") +
                               "zone a.example { type forward; forward first; forwarders { ::1; }; };");
  CHECK(toml == R"(# Made by tautctl import from /etc/source.conf, a configuration of BIND.

[server]
state-directory = "/var/lib/taut"

[forward]
servers = ["192.0.2.53"]

[recursion]
allow = ["any"]

[[recursion.zone]]
# line 3: not supported: forward first (where the forwarders fail, no other servers are asked)
name = "a.example"
servers = ["::1"]
)");
}

TEST_CASE("A mirror of the root zone becomes the local root, from servers that allow its transfer") {
  const std::string toml = imported(Kind::bind, mirror + withOptions(""));
  CHECK(hasLine(toml, "local-root = true"));
  CHECK(toml.find("\n[[zone]]\nname = \".\"\nprimaries = [\"192.0.32.132\", ") != toml.npos);
  const std::string named =
      imported(Kind::bind, "zone . { type mirror; primaries { 192.0.2.1; }; };\n" + withOptions(""));
  CHECK(hasLine(named, "primaries = [\"192.0.2.1\"]"));
  for (const char* const options : {"recursion no;", "forwarders { ::1; };"}) {
    const std::string none = imported(Kind::bind, mirror + withOptions(options));
    CHECK(none.find("[[zone]]\n") == none.npos);
    CHECK(hasLine(none, "# line 1: not supported: zone . { … } (the servers of the root are not asked)"));
  }
}

TEST_CASE("A policy zone that named has for nobody is there for the policy, and a comment says that clients may ask") {
  const std::string zone = "zone block.example { type primary; file /b; allow-query { none; }; };\n";
  const std::string toml = imported(Kind::bind, withOptions("response-policy { zone Block.Example; };") + zone);
  CHECK(toml.find("\n[[recursion.policy]]\nzone = \"Block.Example\"\n") != toml.npos);
  CHECK(toml.find(R"(
[[zone]]
# line 3: not supported: allow-query { … } (clients may ask for the zone itself too)
name = "block.example"
)") != toml.npos);
  CHECK(hasLine(toml,
                "# not supported: answers that are signed, to clients that ask for signatures, as they are whatever "
                "policy zones say (recursion.policy changes these too)"));
}

TEST_CASE("A policy of named that is another than that of its records, or whose zone is not there, is left out") {
  const std::string zone = "zone block.example { type primary; file /b; };\n";
  const std::string changed =
      imported(Kind::bind, withOptions("response-policy { zone block.example policy nxdomain; };") + zone);
  CHECK(changed.find("[[recursion.policy]]") == changed.npos);
  CHECK(hasLine(changed,
                "# line 2: not supported: zone block.example policy nxdomain (in response-policy: what the zone's "
                "records say counts)"));
  const std::string absent =
      imported(Kind::bind, withOptions("response-policy { zone block.example log yes; } max-policy-ttl 60;"));
  CHECK(absent.find("[[recursion.policy]]") == absent.npos);
  CHECK(hasLine(absent, "# line 2: not supported: zone block.example log yes (there is no zone block.example here)"));
  CHECK(hasLine(absent, "# line 2: not supported: zone block.example log yes (in response-policy: log yes)"));
  CHECK(hasLine(absent, "# line 2: not supported: response-policy max-policy-ttl 60 { … } (max-policy-ttl 60)"));
}

TEST_CASE("A value of named that no key of [recursion] takes is left out and told") {
  const std::string toml = imported(Kind::bind, withOptions(R"(max-cache-size 90%;
max-cache-ttl 8d;
min-cache-ttl 60;
max-ncache-ttl 60;
query-source address 192.0.2.1 port 53;
query-source none;
query-source-v6 none;
qname-minimization strict;
dns64 64:ff9b::/95 { };
dns64 64:ff9b::/96 { clients { 10.0.0.0/8; }; };
stale-answer-enable yes;
prefetch 2;)") + R"(zone a.example { type forward; forwarders { }; };
zone b.example { type static-stub; server-names { ns.example; }; };
zone c.example { type redirect; file "c"; };
zone d.example { type hint; file "d"; };
zone e.example { type mirror; };
)");
  CHECK(hasLine(toml, "# line 2: not supported: max-cache-size 90% (the cache has a tenth of the memory, 1G at most)"));
  CHECK(hasLine(toml, "# line 3: not supported: max-cache-ttl 8d (expected a number from 1 to 604800)"));
  CHECK(
      hasLine(toml, "# line 4: not supported: min-cache-ttl 60 (recursion.min-ttl is for data and for their absence)"));
  CHECK(hasLine(toml, "# line 5: not supported: max-ncache-ttl 60"));
  CHECK(hasLine(toml,
                "# line 6: not supported: query-source address 192.0.2.1 port 53 (each question has a port of its "
                "own)"));
  CHECK(hasLine(toml, "# not supported: query-source none for both families (servers have to be asked somehow)"));
  CHECK(hasLine(toml, "upstream-ipv4 = false"));
  CHECK(toml.find("upstream-ipv6") == toml.npos);
  CHECK(hasLine(toml,
                "# line 9: not supported: qname-minimization strict (where a server does not stand it, the whole name "
                "is asked for)"));
  CHECK(hasLine(toml,
                "# line 10: not supported: dns64 64:ff9b::/95 { … } (expected a prefix of IPv6 of 32, 40, 48, 56, 64 "
                "or 96 bits)"));
  CHECK(hasLine(toml, "# line 11: not supported: dns64 64:ff9b::/96 { … } (for some clients alone)"));
  CHECK(hasLine(toml, "serve-stale = false"));
  CHECK(hasLine(toml, "# line 13: not supported: prefetch 2"));
  CHECK(hasLine(toml, "# line 14: not supported: zone a.example { … } (a zone without forwarders)"));
  CHECK(hasLine(toml, "# line 15: not supported: server-names { … }"));
  CHECK(hasLine(toml, "# line 15: not supported: zone b.example { … } (b.example has no server that can be asked)"));
  CHECK(hasLine(toml, "# line 16: not supported: zone c.example { … } (a zone of type redirect)"));
  CHECK(hasLine(toml, "# line 17: not supported: zone d.example { … } (hints for another zone than the root)"));
  CHECK(hasLine(toml, "# line 18: not supported: zone e.example { … } (a zone of type mirror)"));
}

TEST_CASE("Primaries of a stub zone that named asks with a key are asked by none without it") {
  const std::string toml = imported(Kind::bind, R"(key k { algorithm hmac-sha256; secret "c2VjcmV0"; };
options { allow-recursion { any; }; };
zone a.example { type stub; primaries { 192.0.2.1 key k; 192.0.2.2; }; };
)");
  CHECK(hasLine(toml, "servers = [\"192.0.2.2\"]"));
  CHECK(toml.find("(at-192-0-2-1 is asked without its key, so it is left out)") != toml.npos);
}

}  // namespace bind_recursion_test
