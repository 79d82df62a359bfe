#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "import/memory_files.hpp"

namespace bind_test {

using namespace taut::importer;

namespace {

const std::string office = R"(// An office
acl "trusted" { 192.0.2.0/24; 10/8; localhost; 2001:db8::/32; };
acl Private { localhost; };
acl "a b" { Private; };
options {
  directory "/var/lib/bind";
  port 5353;
  listen-on { 127.0.0.1; };
  listen-on-v6 port 5354 { ::1; };
  forwarders { 192.0.2.53; 2001:db8::53 port 5300; };
  forward only;
  allow-recursion { Trusted; };
  version none; hostname none; server-id "ns1";
  rate-limit { responses-per-second 10; slip 3; window 5; exempt-clients { trusted; }; };
  max-cache-size 256M; tcp-clients 500; max-udp-size 1400;
  rrset-order { order cyclic; };
  answer-cookie no;
  allow-transfer { none; };
};
zone "example.com" { type primary; file "example.com.zone"; notify no; };
zone "Example.NET." IN { type master; file "/zones/net"; };
zone "example.org" { type primary; file "example.org.zone"; };
)";

const std::string officeToml = R"(# Made by tautctl import from /etc/source.conf, a configuration of BIND.

[server]
identity = "ns1"
version = false
hide = ["hostname.bind"]
udp-size = 1400
rrset-roundrobin = true
cookies.enabled = false

[[listen]]
address = ["127.0.0.1:5353", "[::1]:5354"]

[limits]
tcp.connections = 500  # of each thread

[rate-limit]
responses = 10
all = 0
slip = 3
window = "5s"
exempt = ["trusted"]

[acl]
trusted = ["192.0.2.0/24", "10.0.0.0/8", "loopback", "2001:db8::/32"]
private-acl = ["loopback"]
a-b = ["private-acl"]

[forward]
servers = ["192.0.2.53", "[2001:db8::53]:5300"]
allow = ["trusted"]
cache.size = "256M"

[zone-defaults]
directory = "/var/lib/bind"
file = "{name}.zone"

[[zone]]
name = "example.com"

[[zone]]
name = "Example.NET"
file = "/zones/net"

[[zone]]
name = "example.org"
)";

}  // namespace

TEST_CASE("A named.conf of what taut has becomes the same taut.toml, without a comment") {
  CHECK(imported(Kind::bind, office) == officeToml);
}

TEST_CASE("Each statement of a named.conf that has no key stands in a comment with its line") {
  const std::string toml = imported(Kind::bind, R"(options {
  recursion no;
  dnssec-validation auto; # as Debian has it
  edns-udp-size 1400;
};
key "transfer" { algorithm hmac-sha256; secret "c2VjcmV0"; };
zone "." { type hint; file "/usr/share/dns/root.hints"; };
zone "example.net" { type secondary; };
zone "example.com" {
  type primary;
  file "example.com.zone";
  allow-transfer { key other; };
};
view "inside" {
  match-clients { 10.0.0.0/8; };
};
)");
  CHECK(toml == R"(# Made by tautctl import from /etc/source.conf, a configuration of BIND.

# line 3: not supported: dnssec-validation auto (no names are resolved)
# line 4: not supported: edns-udp-size 1400 (no names are resolved)
# line 7: not supported: zone "." { … } (no names are resolved)
# line 8: not supported: zone "example.net" { … } (a secondary zone without primaries)
# line 12: not supported: key other (in allow-transfer)
# line 14: not supported: view "inside" { … } (a view; its statements follow)
# line 15: not supported: match-clients { … } (in view inside)

[tsig."transfer"]
algorithm = "hmac-sha256"
secret = "c2VjcmV0"

[[zone]]
name = "example.com"
file = "/etc/example.com.zone"
)");
}

TEST_CASE("A key whose secret breaks off, or has signs after its padding, stands in a comment and not among the keys") {
  for (const char* secret : {"c2VjcmV=0", "c2Vjcm", "====", "c2 VjcmV0"}) {
    CAPTURE(secret);
    const std::string toml =
        imported(Kind::bind, fmt::format("key transfer {{ algorithm hmac-sha256; secret \"{}\"; }};\n", secret));
    CHECK(hasLine(toml, "# line 1: not supported: key transfer { … } (the secret is no base64)"));
    CHECK(toml.find("[tsig") == toml.npos);
  }
}

TEST_CASE("Who may update what of a named.conf is what the taut.toml says") {
  const std::string toml = imported(Kind::bind, R"(key ddns { algorithm hmac-sha256; secret "c2VjcmV0"; };
zone "example.com" { type primary; file "/a"; allow-update { key ddns; 192.0.2.7; }; };
zone "example.org" { type primary; file "/b"; update-policy {
  grant ddns subdomain dyn.example.org. A AAAA;
  grant ddns self . ANY;
  grant ddns krb5-self . A;
  deny * name x.example.org.;
  grant ddns zonesub ANY;
}; };
)");
  CHECK(hasLine(toml, "state-directory = \"/var/lib/taut\""));
  CHECK(hasLine(toml, "signed-by-ddns = { tsig = [\"ddns\"] }"));
  CHECK(hasLine(toml,
                "updates-by-ddns = { tsig = [\"ddns\"], update-names = [\"dyn.example.org\", "
                "\"*.dyn.example.org\"], update-types = [\"A\", \"AAAA\"] }"));
  CHECK(hasLine(toml, "updates-by-ddns-2 = { tsig = [\"ddns\"], update-names = [\"self\"] }"));
  CHECK(hasLine(toml, "allow-update = [\"signed-by-ddns\", \"192.0.2.7\"]"));
  CHECK(hasLine(toml, "allow-update = [\"updates-by-ddns\", \"updates-by-ddns-2\"]"));
  CHECK(toml.find("krb5-self") != toml.npos);
  CHECK(toml.find("no rule from here on is taken over") != toml.npos);
}

TEST_CASE("Primaries, those who are told and those who may transfer of a named.conf are those of the taut.toml") {
  const std::string toml = imported(Kind::bind, R"(key transfer { algorithm hmac-sha256; secret "c2VjcmV0"; };
primaries hidden { 192.0.2.1 key transfer; 192.0.2.2 port 5353; };
options { recursion no; allow-transfer { 192.0.2.7; key transfer; }; };
zone "example.net" {
  type secondary;
  file "net.db";
  masterfile-format text;
  primaries { hidden; 2001:db8::1; };
  allow-notify { 192.0.2.9; };
};
zone "example.org" { type slave; file "org.db"; masters { 192.0.2.1 key transfer; }; };
zone "example.com" {
  type primary;
  file "com.db";
  notify explicit;
  also-notify { 192.0.2.7; 192.0.2.8 key transfer; };
  allow-transfer { none; };
};
)");
  CHECK(toml.find(R"(
[tsig."transfer"]
algorithm = "hmac-sha256"
secret = "c2VjcmV0"

[acl]
signed-by-transfer = { tsig = ["transfer"] }

[remote.at-192-0-2-1]
address = ["192.0.2.1"]
key = "transfer"

[remote.at-192-0-2-8]
address = ["192.0.2.8"]
key = "transfer"

[[zone]]
name = "example.net"
file = "/etc/net.db"
primaries = ["at-192-0-2-1", "192.0.2.2:5353", "2001:db8::1"]
allow-notify = ["192.0.2.9"]
allow-transfer = ["192.0.2.7", "signed-by-transfer"]

[[zone]]
# line 11: not supported: file "org.db" (it is no text; without a file the zone is transferred at each start)
name = "example.org"
primaries = ["at-192-0-2-1"]
allow-transfer = ["192.0.2.7", "signed-by-transfer"]

[[zone]]
name = "example.com"
file = "/etc/com.db"
notify = ["192.0.2.7", "at-192-0-2-8"]
)") != toml.npos);
  INFO(toml);
  CHECK(toml.find("allow-transfer = []") == toml.npos);
}

TEST_CASE("That everybody may transfer zones of a named.conf without allow-transfer is noted, and only then") {
  constexpr std::string_view zone = "zone example.com { type primary; file \"a\"; };\n";
  constexpr std::string_view noted = "zone transfers to everybody";
  CHECK(imported(Kind::bind, std::string(zone)).find(noted) != std::string::npos);
  for (const char* const options :
       {"options { allow-transfer { none; }; };\n", "options { allow-transfer { any; }; };\n"})
    CHECK(imported(Kind::bind, options + std::string(zone)).find(noted) == std::string::npos);
}

TEST_CASE("What an included named.conf says counts, and its comments name it") {
  const std::string toml = imported(
      Kind::bind, "include \"local/*\";\ninclude \"/etc/rndc.key\";\n",
      {{"/etc/local/a", "zone example.com { type primary; file \"a\"; };"}, {"/etc/local/b", "\nlogging { };\n"}});
  CHECK(hasLine(toml, "name = \"example.com\""));
  CHECK(hasLine(toml, "# /etc/local/b:2: not supported: logging { … } (see [log])"));
  CHECK(hasLine(toml, "# line 2: not supported: include \"/etc/rndc.key\" (/etc/rndc.key: No such file or directory)"));
}

TEST_CASE("A list of networks is never wider than named's") {
  const std::string toml = imported(Kind::bind, R"(options {
  forwarders { 192.0.2.53; };
  allow-recursion { 192.0.2.0/24; localnets; !10.0.0.66; 10.0.0.0/8; { any; }; };
};
)");
  CHECK(hasLine(toml, "allow = [\"192.0.2.0/24\"]"));
  CHECK(hasLine(toml, "# line 3: not supported: localnets (in allow-recursion)"));
  CHECK(hasLine(toml, "# line 3: not supported: !10.0.0.66 (in allow-recursion: an exception)"));
  CHECK(hasLine(toml, "# line 3: not supported: 10.0.0.0/8 (in allow-recursion: it comes after an exception)"));
  CHECK(hasLine(toml, "# line 3: not supported: { … } (in allow-recursion: it comes after an exception)"));
  const std::string none = imported(Kind::bind, "options { forwarders { 192.0.2.53; }; allow-recursion { none; }; };");
  CHECK(hasLine(none, "allow = []"));
}

TEST_CASE("No list of networks is a part of itself") {
  const std::string toml = imported(Kind::bind, "acl a { a; b; 10/8; };\nacl b { a; };\noptions { recursion no; };");
  CHECK(hasLine(toml, "a = [\"10.0.0.0/8\"]"));
  CHECK(hasLine(toml, "b = [\"a\"]"));
  CHECK(hasLine(toml, "# line 1: not supported: a (in acl: a list that is not above)"));
  CHECK(hasLine(toml, "# line 1: not supported: b (in acl: a list that is not above)"));
}

TEST_CASE("Who may recurse is what named's first list says") {
  const std::string query =
      imported(Kind::bind, "options { forwarders { 192.0.2.53; }; allow-query { 10.0.0.0/8; }; };");
  CHECK(hasLine(query, "allow = [\"10.0.0.0/8\"]"));
  CHECK(hasLine(query, "allow-query = [\"10.0.0.0/8\"]"));
  const std::string cache = imported(Kind::bind,
                                     "options { forwarders { 192.0.2.53; }; allow-query { 10.0.0.0/8; };\n"
                                     "allow-query-cache { 192.0.2.1; }; };");
  CHECK(hasLine(cache, "allow = [\"192.0.2.1\"]"));
  const std::string byDefault = imported(Kind::bind, "options { forwarders { 192.0.2.53; }; };");
  CHECK(hasLine(byDefault, "allow = [\"loopback\"]"));
  CHECK(hasLine(byDefault,
                "# not supported: recursion for the networks of this host, which is the default (give them to allow "
                "in [forward])"));
}

TEST_CASE("Those whom named's allow-query names are the clients of the server, networks and lists alike") {
  const std::string toml = imported(Kind::bind, R"(zone "example.com" { type primary; file "a"; };
zone "example.net" {
  type primary; file "b";
  allow-query { any; };
};
acl office { 10.0.0.0/8; };
options { recursion no; allow-query { office; 192.0.2.1; !192.0.2.7; 192.0.2.0/24; }; };
)");
  CHECK(toml == R"(# Made by tautctl import from /etc/source.conf, a configuration of BIND.

# line 7: not supported: !192.0.2.7 (in allow-query: an exception)
# line 7: not supported: 192.0.2.0/24 (in allow-query: it comes after an exception)
# not supported: zone transfers to everybody, which BIND before 9.20 allows without allow-transfer (name those who may)"
                R"( in zone.allow-transfer, or all zones' in zone-defaults.allow-transfer)

[server]
allow-query = ["office", "192.0.2.1"]

[acl]
office = ["10.0.0.0/8"]

[[zone]]
name = "example.com"
file = "/etc/a"

[[zone]]
# line 4: not supported: allow-query { … } (server.allow-query is for all zones)
name = "example.net"
file = "/etc/b"
)");
}

TEST_CASE("A zone that named has for fewer clients than the others is not served") {
  const std::string toml = imported(Kind::bind, R"(options { recursion no; };
zone "example.com" { type primary; file "a"; allow-query { 10.0.0.0/8; }; };
)");
  CHECK(hasLine(toml,
                "# line 2: not supported: zone \"example.com\" { … } (fewer clients may ask for it than "
                "server.allow-query is for)"));
  CHECK(toml.find("[[zone]]\n") == std::string::npos);
  const std::string fewer = imported(Kind::bind, R"(options { recursion no; allow-query { 10/8; ::1; }; };
zone "a.example" { type primary; file "a"; allow-query { ::1; }; };
zone "b.example" { type primary; file "b"; allow-query { ::1; 10.0.0.0/8; 192.0.2.1; }; };
)");
  CHECK(fewer.find("name = \"a.example\"") == std::string::npos);
  CHECK(fewer.find("name = \"b.example\"") != std::string::npos);
}

TEST_CASE("A named that forwards nothing becomes a server that forwards nothing") {
  const std::string off = imported(Kind::bind, "options { recursion no;\nforwarders { 192.0.2.53; }; };");
  CHECK(hasLine(off, "# line 2: not supported: forwarders { … } (recursion is off)"));
  CHECK(off.find("[forward]\n") == std::string::npos);
  const std::string list = imported(Kind::bind, "options { recursion no;\nallow-recursion { 10.0.0.0/8; }; };");
  CHECK(hasLine(list, "# line 2: not supported: allow-recursion { … } (nothing is forwarded)"));
  CHECK(hasLine(list, "# There is nothing to serve yet: add a [[zone]], a [recursion], or servers to [forward]."));
}

TEST_CASE("A zone that named signs has a warning in its table, also where the options say so") {
  for (const std::string item : {"dnssec-policy default;", "inline-signing yes;", "auto-dnssec maintain;"}) {
    const std::string zone = "zone a.example { type primary; file a; ";
    CHECK(imported(Kind::bind, zone + item + " };").find(signedZone + "name = \"a.example\"") != std::string::npos);
    CHECK(imported(Kind::bind, zone + "};\noptions { " + item + " };").find(signedZone) != std::string::npos);
    CHECK(imported(Kind::bind, zone + "};").find("ATTENTION") == std::string::npos);
  }
  const std::string none = imported(Kind::bind,
                                    "options { dnssec-policy default; };\n"
                                    "zone a.example { type primary; file a; dnssec-policy none; };");
  CHECK(none.find("ATTENTION") == std::string::npos);
}

TEST_CASE("A secret of named never comes into the output") {
  const std::string toml = imported(Kind::bind,
                                    "options { cookie-secret \"00112233\"; };\n"
                                    "view v { key k { secret \"c2Vj\"; }; };\nsecret \"c2Vj\";");
  CHECK(toml.find("00112233") == std::string::npos);
  CHECK(toml.find("c2Vj") == std::string::npos);
  CHECK(hasLine(toml, "# line 1: not supported: cookie-secret … (see server.cookies.secrets-file)"));
}

TEST_CASE("A value of named that no key takes is told with what was expected") {
  const std::string toml = imported(Kind::bind,
                                    "options { max-udp-size 100; listen-on { 300.1.1.1; };\n"
                                    "server-id \"" +
                                        std::string(256, 'x') +
                                        "\"; };\nzone a..b { type primary; file x; };"
                                        "zone \"a b\" { type primary; file x; };");
  CHECK(hasLine(toml, "# line 1: not supported: max-udp-size 100 (expected a number from 512 to 4096)"));
  CHECK(hasLine(toml, "# line 1: not supported: 300.1.1.1 (in listen-on: expected an address)"));
  CHECK(hasLine(toml, "# line 3: not supported: zone a..b { … } (it is not a domain name)"));
  CHECK(hasLine(toml, "# line 3: not supported: zone \"a b\" { … } (it is not a domain name)"));
  CHECK(toml.find("expected at most 255 octets") != std::string::npos);
}

TEST_CASE("A key whose name no table of taut.toml can have is left out, and told") {
  const std::string toml = imported(Kind::bind,
                                    "key \"any*\" { algorithm hmac-sha256; secret \"c2VjcmV0\"; };\n"
                                    "key \"caf\xc3\xa9\" { algorithm hmac-sha256; secret \"c2VjcmV0\"; };\n"
                                    "key \"a/b.c\" { algorithm hmac-sha256; secret \"c2VjcmV0\"; };");
  CHECK(toml.find("# line 1: not supported: key \"any*\"") != std::string::npos);
  CHECK(toml.find("# line 2: not supported: key \"caf") != std::string::npos);
  CHECK(hasLine(toml, "[tsig.\"a/b.c\"]"));
  CHECK(toml.find("any*\"]") == std::string::npos);
}

TEST_CASE("A named.conf with a mistake is refused with file, line and column") {
  CHECK(faultOf(Kind::bind, "options {\n  recursion no;\n") ==
        "/etc/source.conf:1:10: the block does not end; expected }");
  CHECK(faultOf(Kind::bind, "options { recursion no }") ==
        "/etc/source.conf:1:24: the statement does not end; expected ;");
  CHECK(faultOf(Kind::bind, "zone \"x\n\";") == "/etc/source.conf:1:6: the text does not end; expected \"");
  CHECK(faultOf(Kind::bind, "};") == "/etc/source.conf:1:1: no block ends here; expected a statement");
  CHECK(faultOf(Kind::bind, "\n /* x") == "/etc/source.conf:2:2: the comment does not end; expected */");
}

TEST_CASE("A semicolon that is missing at the end of a line of named.conf is a mistake") {
  CHECK(faultOf(Kind::bind, "options {\n  directory \"/x\"\n  recursion no;\n};\n") ==
        "/etc/source.conf:3:3: the statement before does not end; expected ; before 'recursion'");
  CHECK(faultOf(Kind::bind, "acl a { ::1; }\n\nzone x { type primary; file x; };\n") ==
        "/etc/source.conf:3:1: the statement before does not end; expected ; before 'zone'");
  CHECK(faultOf(Kind::bind, "controls {\n  inet ::1 port 953\n    allow { ::1; }\n    keys { k; };\n};\n").empty());
}

TEST_CASE("A zone that stands twice in a view of named.conf is a mistake with both places") {
  CHECK(faultOf(Kind::bind, "zone a { type primary; file a; };\n zone \"A.\" { type primary; file a; };") ==
        "/etc/source.conf:2:2: zone \"A.\" is there already, at /etc/source.conf:1:1");
  CHECK(faultOf(Kind::bind, "view v {\n zone a { type hint; };\n zone a { type hint; };\n};") ==
        "/etc/source.conf:3:2: zone \"a\" is there already, at /etc/source.conf:2:2");
  CHECK(faultOf(Kind::bind, "view v { zone a { type hint; }; };\nview w { zone a { type hint; }; };").empty());
  CHECK(faultOf(Kind::bind, "zone a { type hint; };\nzone a chaos { type hint; };").empty());
}

TEST_CASE("Blocks in each other, files that include themselves and words have a bound") {
  CHECK(faultOf(Kind::bind, std::string(100'000, '{')) == "/etc/source.conf:1:66: more than 64 blocks deep");
  CHECK(faultOf(Kind::bind, "include \"a\";", {{"/etc/a", "include \"a\"; include \"a\";"}}) ==
        "/etc/a:1:1: more than 16 files include each other");
  std::string words = "x";
  for (int i = 0; i < 4'000'000; ++i) words += " a";
  CHECK(faultOf(Kind::bind, words) == "/etc/source.conf:1:7999999: more than 4000000 statements and words");
}

TEST_CASE("A catalog that a named.conf names in its options is one that the taut.toml consumes") {
  const std::string toml = imported(Kind::bind, R"(options {
  catalog-zones { zone "Catz.example" default-primaries { 192.0.2.1; } in-memory yes; };
};
zone "catz.example" { type secondary; primaries { 192.0.2.1; }; };
zone "example.com" { type secondary; primaries { 192.0.2.1; }; };
)");
  INFO(toml);
  const std::size_t first = toml.find("catalog = \"consume\"\n");
  CHECK(first != toml.npos);
  CHECK(first < toml.find("name = \"example.com\""));
  CHECK(toml.find("catalog = ", first + 1) == toml.npos);
  CHECK(toml.find("catalog-zones") == toml.npos);
}

}  // namespace bind_test
