#include <string>

#include <doctest/doctest.h>

#include "import/memory_files.hpp"

namespace knot_test {

using namespace taut::importer;

TEST_CASE("A knot.conf of what taut has becomes the same taut.toml, without a comment") {
  const std::string toml = imported(Kind::knot, R"(# Two zones
server:
    identity: "ns1.example.com"
    version: ""
    nsid: ns1.example.com
    listen: [ 192.0.2.1@53, "2001:db8::1@5353" ]
    udp-workers: 4
    tcp-max-clients: 400
    udp-max-payload: 1232
    answer-rotation: on

mod-rrl:
  - id: default
    rate-limit: 200
    whitelist: [127.0.0.0/8, ::1]

template:
  - id: default
    storage: /var/lib/knot/zones
    file: "%s.zone"
    global-module: [mod-rrl/default, mod-cookies]
    dnssec-signing: off
  - id: odd
    file: "%c[0]/%l[0]-%l[1]%%.zone"

zone:
  - domain: example.com
  - domain: example.net.
  - domain: Example.org
    template: odd
)");
  CHECK(toml == R"(# Made by tautctl import from /etc/source.conf, a configuration of Knot DNS.

[server]
identity = "ns1.example.com"
version = false
threads = 4
udp-size = 1232
rrset-roundrobin = true

[[listen]]
address = ["192.0.2.1", "[2001:db8::1]:5353"]

[limits]
tcp.connections = 400  # of each thread

[rate-limit]
responses = 200
all = 0
slip = 1
exempt = ["127.0.0.0/8", "::1"]

[zone-defaults]
directory = "/var/lib/knot/zones"
file = "{name}.zone"

[[zone]]
name = "example.com"

[[zone]]
name = "example.net"

[[zone]]
name = "Example.org"
file = "/var/lib/knot/E/org-Example%.zone"
)");
}

TEST_CASE("Each item of a knot.conf that has no key stands in a comment with its line") {
  const std::string toml = imported(Kind::knot, R"(server:
    rundir: /run/knot
    listen: /run/knot/dns.sock
key:
  - id: transfer
    algorithm: hmac-sha256
    secret: c2VjcmV0
remote:
  - id: primary
    address: 192.0.2.53@53
mod-rrl:
  - id: unused
    rate-limit: 10
template:
  - id: default
    notify: primary
zone:
  - domain: example.com
    acl: anyone
    dnssec-signing: on
  - domain: example.net
    master: primary
  - domain: example.org
    file: "%q"
)");
  CHECK(toml == R"(# Made by tautctl import from /etc/source.conf, a configuration of Knot DNS.

# line 2: not supported: rundir: /run/knot
# line 3: not supported: listen: /run/knot/dns.sock ('/run/knot/dns.sock' is not an address)
# line 12: not supported: id: unused … (in section mod-rrl: it is not for all zones)
# line 24: not supported: file: "%q" (the file of zone example.org)
# not supported: listening nowhere, which is the default (instead it is on the loopback addresses)

[[listen]]
address = ["127.0.0.1", "::1"]

[tsig."transfer"]
algorithm = "hmac-sha256"
secret = "c2VjcmV0"

[zone-defaults]
directory = "/var/lib/knot"
file = "{name}.zone"

[[zone]]
# line 20: not supported: dnssec-signing: on
# line 19: not supported: acl: anyone ('anyone' is no list that is known)
# ATTENTION: the other server signs this zone. taut serves the file as it is, so sign the file beforehand:
# where the parent has a DS record, validating resolvers refuse an unsigned zone.
name = "example.com"
notify = ["192.0.2.53"]

[[zone]]
name = "example.net"
primaries = ["192.0.2.53"]
notify = ["192.0.2.53"]
)");
}

TEST_CASE("A zone that Knot signs as its template says has a warning in its table") {
  const std::string toml = imported(Kind::knot,
                                    "template:\n  - id: default\n    dnssec-signing: on\n  - id: plain\n"
                                    "zone:\n  - domain: a.example\n  - domain: b.example\n    template: plain\n"
                                    "  - domain: c.example\n    dnssec-signing: off\n");
  CHECK(toml.find("[[zone]]\n" + signedZone + "name = \"a.example\"") != std::string::npos);
  CHECK(toml.find("ATTENTION") == toml.rfind("ATTENTION"));
}

TEST_CASE("What the modules of a zone do counts, also where its template names them") {
  const std::string toml = imported(Kind::knot,
                                    "template:\n  - id: default\n    module: mod-onlinesign/x\n  - id: closed\n"
                                    "    module: mod-queryacl/x\n"
                                    "zone:\n  - domain: a.example\n  - domain: b.example\n    template: closed\n");
  CHECK(toml.find("[[zone]]\n" + signedZone + "name = \"a.example\"") != std::string::npos);
  CHECK(hasLine(toml,
                "# line 8: not supported: domain: b.example … (fewer clients may ask for it than server.allow-query "
                "is for)"));
}

TEST_CASE("What an included knot.conf says counts, and its comments name it") {
  const std::string toml = imported(Kind::knot, "include: more/*\ninclude: nothing.conf\n",
                                    {{"/etc/more/a", "zone:\n- domain: example.com\n  file: \"a\"\n  acl: x\n"}});
  CHECK(hasLine(toml, "name = \"example.com\""));
  CHECK(hasLine(toml, "# /etc/more/a:4: not supported: acl: x ('x' is no list that is known)"));
  CHECK(hasLine(toml, "# line 2: not supported: include: nothing.conf (/etc/nothing.conf: No such file or directory)"));
}

TEST_CASE("A knot.conf with a mistake is refused with file, line and column") {
  CHECK(faultOf(Kind::knot, "server:\n\tlisten: ::\n") == "/etc/source.conf:2:1: a tab; expected spaces");
  CHECK(faultOf(Kind::knot, "server:\n  listen x\n") == "/etc/source.conf:2:10: expected : after 'listen'");
  CHECK(faultOf(Kind::knot, "server:\n  listen: [a,\n") ==
        "/etc/source.conf:2:14: the list does not end in its line; expected ]");
  CHECK(faultOf(Kind::knot, "server:\n  listen: [a,\tb]\n") == "/etc/source.conf:2:14: a tab; expected spaces");
  CHECK(faultOf(Kind::knot, "server:\n  identity: a b\n") ==
        "/etc/source.conf:2:15: expected the end of the line; quote a text with spaces");
  CHECK(faultOf(Kind::knot, "server:\n  identity: \"a\n") ==
        "/etc/source.conf:2:13: the text does not end; expected \"");
  CHECK(faultOf(Kind::knot, "  a: b\n") ==
        "/etc/source.conf:1:3: an item outside a section; expected a section such as server:");
}

TEST_CASE("Files of a knot.conf that include themselves have a bound") {
  CHECK(faultOf(Kind::knot, "include: a", {{"/etc/a", "include: a\ninclude: a\n"}}) ==
        "/etc/a:1:1: more than 16 files include each other");
}

TEST_CASE("Who may update what of a knot.conf is what the taut.toml says") {
  const std::string toml = imported(Kind::knot, R"(key:
  - id: ddns
    algorithm: hmac-sha256
    secret: c2VjcmV0
acl:
  - id: all
    key: ddns
    action: [transfer, update]
  - id: some
    key: ddns
    action: update
    update-type: [A, AAAA]
    update-owner: name
    update-owner-match: sub
    update-owner-name: dyn.example.com.
zone:
  - domain: example.com
    file: /a
    acl: [all, some]
)");
  CHECK(hasLine(toml, "state-directory = \"/var/lib/taut\""));
  CHECK(hasLine(toml,
                "updates-some = { tsig = [\"ddns\"], update-names = [\"*.dyn.example.com\"], update-types = "
                "[\"A\", \"AAAA\"] }"));
  CHECK(hasLine(toml, "allow-transfer = [\"signed-by-ddns\"]"));
  CHECK(hasLine(toml, "allow-update = [\"signed-by-ddns\", \"updates-some\"]"));
}

TEST_CASE("What a knot.conf says of transfers, in zones and in templates, is what the taut.toml says") {
  const std::string toml = imported(Kind::knot, R"(server:
    listen: 192.0.2.1
key:
  - id: transfer
    algorithm: hmac-sha384
    secret: c2VjcmV0
remote:
  - id: hidden
    address: [192.0.2.1@5353, "2001:db8::1"]
    key: transfer
acl:
  - id: secondaries
    address: 192.0.2.0/24
    key: transfer
    action: transfer
  - id: tells
    address: 192.0.2.9
    action: [notify, update]
zone:
  - domain: example.net
    master: hidden
    acl: [secondaries, tells]
  - domain: example.com
    notify: hidden
    acl: secondaries
)");
  INFO(toml);
  CHECK(hasLine(toml, "allow-update = [\"192.0.2.9\"]"));
  CHECK(toml.find(R"(
[tsig."transfer"]
algorithm = "hmac-sha384"
secret = "c2VjcmV0"

[acl]
signed-by-transfer = { networks = ["192.0.2.0/24"], tsig = ["transfer"] }

[remote.hidden]
address = ["192.0.2.1:5353", "2001:db8::1"]
key = "transfer"
)") != toml.npos);
  CHECK(toml.find(R"(
name = "example.net"
primaries = ["hidden"]
allow-notify = ["192.0.2.9"]
allow-transfer = ["signed-by-transfer"]
)") != toml.npos);
  CHECK(toml.find(R"(
name = "example.com"
notify = ["hidden"]
allow-transfer = ["signed-by-transfer"]
)") != toml.npos);
}

TEST_CASE("Catalogs of a knot.conf, and who is a member of them, are those of the taut.toml") {
  const std::string toml = imported(Kind::knot, R"(server:
    listen: 192.0.2.1
remote:
  - id: other
    address: 192.0.2.2
template:
  - id: customers
    catalog-role: member
    catalog-zone: made.example
    catalog-group: customers
  - id: members
    master: other
zone:
  - domain: made.example
    catalog-role: generate
  - domain: example.com
    template: customers
  - domain: followed.example
    master: other
    catalog-role: interpret
    catalog-template: members
)");
  INFO(toml);
  CHECK(toml.find("name = \"made.example\"\ncatalog = \"produce\"\n") != toml.npos);
  CHECK(toml.find("catalog-zone = \"made.example\"\ncatalog-group = \"customers\"\n") != toml.npos);
  CHECK(toml.find("catalog = \"consume\"\n") != toml.npos);
  CHECK(toml.find("catalog-template: members (members have the primaries of the catalog, unless members names a "
                  "[template.NAME])") != toml.npos);
}

}  // namespace knot_test
