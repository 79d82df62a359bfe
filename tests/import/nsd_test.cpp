#include <string>

#include <doctest/doctest.h>

#include "import/memory_files.hpp"

namespace nsd_test {

using namespace taut::importer;

TEST_CASE("An nsd.conf of what taut has becomes the same taut.toml, without a comment") {
  const std::string toml = imported(Kind::nsd, R"(# Two zones
server:
    ip-address: 192.0.2.1
    ip-address: 2001:db8::1@5353
    port: 5300
    server-count: 2
    identity: "ns1"
    hide-version: yes
    tcp-count: 300
    ipv4-edns-size: 1232
    ipv6-edns-size: 1232
    zonesdir: "/var/lib/nsd"
    rrl-ratelimit: 50
    answer-cookie: yes
    cookie-secret-file: "/etc/nsd/cookies"
    round-robin: yes

pattern:
    name: "plain"
    zonefile: "%s.zone"
pattern:
    name: "nested"
    include-pattern: "other"
    include-pattern: "plain"

zone:
    name: example.com
    include-pattern: "nested"
zone:
    name: "example.net"
    zonefile: %s.zone
zone:
    name: "ab.example.org."
    zonefile: "%1%3/%z.%y.%x"
)");
  CHECK(toml == R"(# Made by tautctl import from /etc/source.conf, a configuration of NSD.

[server]
identity = "ns1"
version = false
threads = 2
udp-size = 1232
rrset-roundrobin = true
cookies.secrets-file = "/etc/nsd/cookies"

[[listen]]
address = ["192.0.2.1:5300", "[2001:db8::1]:5353"]

[limits]
tcp.connections = 300  # of each thread

[rate-limit]
responses = 50
all = 0
slip = 2

[zone-defaults]
directory = "/var/lib/nsd"
file = "{name}.zone"

[[zone]]
name = "example.com"

[[zone]]
name = "example.net"

[[zone]]
name = "ab.example.org"
file = "/var/lib/nsd/a./org.example.ab"
)");
}

TEST_CASE("Each item of an nsd.conf that has no key stands in a comment with its line") {
  const std::string toml = imported(Kind::nsd, R"(server:
    log-only-syslog: yes
    cookie-secret: "00112233445566778899aabbccddeeff"
    ip-address: eth0
    rrl-slip: 2
key:
    name: "transfer"
    secret: "c2VjcmV0"
remote-control:
    control-enable: yes
pattern:
    name: "p"
    provide-xfr: 192.0.2.7 NOKEY
zone:
    name: "example.com"
    zonefile: "example.com.zone"
    notify: 192.0.2.7 NOKEY
zone:
    name: "example.net"
    request-xfr: AXFR 192.0.2.7 other
)");
  CHECK(toml == R"(# Made by tautctl import from /etc/source.conf, a configuration of NSD.

# line 2: not supported: log-only-syslog: yes
# line 3: not supported: cookie-secret: … (see server.cookies.secrets-file)
# line 4: not supported: ip-address: eth0 ('eth0' is not an address)
# line 5: not supported: rrl-slip: 2 (there is no limit of responses a second)
# line 9: not supported: remote-control: … (see server.control and tautctl(8))
# line 19: not supported: name: "example.net" (a secondary zone without primaries that can be asked)

[tsig."transfer"]
algorithm = "hmac-sha256"
secret = "c2VjcmV0"

[[zone]]
name = "example.com"
file = "/etc/nsd/example.com.zone"
notify = ["192.0.2.7"]
)");
}

TEST_CASE("What an nsd.conf says of transfers, in zones and in patterns, is what the taut.toml says") {
  const std::string toml = imported(Kind::nsd, R"(key:
    name: "transfer"
    algorithm: hmac-sha512
    secret: "c2VjcmV0"
pattern:
    name: "p"
    request-xfr: 192.0.2.1@5353 transfer
    allow-notify: 192.0.2.0/24 transfer
    provide-xfr: 192.0.2.7 NOKEY
    provide-xfr: 192.0.2.8 BLOCKED
zone:
    name: "example.net"
    include-pattern: "p"
    request-xfr: AXFR 192.0.2.2 NOKEY
)");
  INFO(toml);
  CHECK(toml.find(R"(
[tsig."transfer"]
algorithm = "hmac-sha512"
secret = "c2VjcmV0"

[acl]
signed-by-transfer = { networks = ["192.0.2.0/24"], tsig = ["transfer"] }

[remote.at-192-0-2-1-5353]
address = ["192.0.2.1:5353"]
key = "transfer"

[[zone]]
# line 10: not supported: provide-xfr: 192.0.2.8 BLOCKED
name = "example.net"
primaries = ["192.0.2.2", "at-192-0-2-1-5353"]
allow-notify = ["signed-by-transfer"]
allow-transfer = ["192.0.2.7"]
)") != toml.npos);
}

TEST_CASE("What an included nsd.conf says counts where it stands, and its comments name it") {
  const std::string toml = imported(Kind::nsd, "server:\n  include: \"more/*\"\n  tcp-count: 7\ninclude: \"/x\"\n",
                                    {{"/etc/more/a", "identity: ns1\nnsid: abcd\n"}});
  CHECK(hasLine(toml, "identity = \"ns1\""));
  CHECK(hasLine(toml, "tcp.connections = 7  # of each thread"));
  CHECK(hasLine(toml, "# /etc/more/a:2: not supported: nsid: abcd"));
  CHECK(hasLine(toml, "# line 4: not supported: include: \"/x\" (/x: No such file or directory)"));
}

TEST_CASE("A zone that NSD has for some clients alone is not served, also where a pattern says so") {
  const std::string toml = imported(Kind::nsd,
                                    "pattern:\n name: p\n allow-query: 10.0.0.0/8 NOKEY\n"
                                    "zone:\n name: a.example\n zonefile: a\n allow-query: 10.0.0.0/8 NOKEY\n"
                                    "zone:\n name: b.example\n zonefile: b\n include-pattern: p\n");
  CHECK(toml.find("[[zone]]\n") == std::string::npos);
  CHECK(hasLine(toml,
                "# line 9: not supported: name: b.example (fewer clients may ask for it than server.allow-query is "
                "for)"));
}

TEST_CASE("A value of an nsd.conf may follow the colon at once, and an IPv6 address is no keyword") {
  const std::string toml = imported(Kind::nsd, "server:\n  port:5300\n  ip-address: dead:beef::1\n  ip-address: ::\n");
  CHECK(hasLine(toml, "address = [\"[dead:beef::1]:5300\", \"[::]:5300\"]"));
}

TEST_CASE("An nsd.conf with a mistake is refused with file, line and column") {
  CHECK(faultOf(Kind::nsd, "server:\n  identity: \"a\n") ==
        "/etc/source.conf:2:13: the text does not end; expected \"");
  CHECK(faultOf(Kind::nsd, "\n  what\n") == "/etc/source.conf:2:3: expected a keyword such as server:");
  CHECK(faultOf(Kind::nsd, "  port: 53\n") == "/etc/source.conf:1:3: expected a section such as server:");
}

TEST_CASE("A file of an nsd.conf whose name would end within a character is told") {
  CHECK(hasLine(imported(Kind::nsd, "zone:\n name: üb\n zonefile: %1\n"),
                "# line 2: not supported: name: üb (the name of its file is no text)"));
}

TEST_CASE("A section goes on after an include that cannot be read, or that matches no file") {
  const std::string toml =
      imported(Kind::nsd, "server:\n  include: \"/x\"\n  include: \"none/*\"\n  tcp-count: 7\n", {});
  CHECK(hasLine(toml, "# line 2: not supported: include: \"/x\" (/x: No such file or directory)"));
  CHECK(hasLine(toml, "# line 3: not supported: include: \"none/*\" (no file matches)"));
  CHECK(hasLine(toml, "tcp.connections = 7  # of each thread"));
}

TEST_CASE("A pattern whose braces would have more paths than there is time for matches no file") {
  std::string pattern = "/";
  for (int i = 0; i < 40; ++i) pattern += "{a,b}";
  CHECK(imported(Kind::nsd, "server:\n  include: \"" + pattern + "\"\n", {}).find("(no file matches)") !=
        std::string::npos);
}

TEST_CASE("Patterns of an nsd.conf that include each other have an end") {
  const std::string toml = imported(Kind::nsd,
                                    "pattern:\n name: a\n include-pattern: b\npattern:\n name: b\n include-pattern: a\n"
                                    "zone:\n name: example.com\n include-pattern: a\n");
  CHECK(hasLine(toml, "# line 8: not supported: name: example.com (a zone without a file)"));
}

TEST_CASE("Catalogs of an nsd.conf, and who is a member of them, are those of the taut.toml") {
  const std::string toml = imported(Kind::nsd, R"(pattern:
    name: "p"
    zonefile: "%s.zone"
    catalog-producer-zone: "made.example"
zone:
    name: "made.example"
    catalog: producer
zone:
    name: "followed.example"
    catalog: consumer
    catalog-member-pattern: "q"
    request-xfr: 192.0.2.2 NOKEY
zone:
    name: "example.com"
    include-pattern: "p"
)");
  INFO(toml);
  CHECK(toml.find("name = \"made.example\"\ncatalog = \"produce\"\n") != toml.npos);
  CHECK(toml.find("catalog = \"consume\"\n") != toml.npos);
  CHECK(toml.find("catalog-zone = \"made.example\"\n") != toml.npos);
  CHECK(toml.find("catalog-member-pattern: \"q\"") != toml.npos);
}

}  // namespace nsd_test
