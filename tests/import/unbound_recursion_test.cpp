#include <string>

#include <doctest/doctest.h>

#include "import/memory_files.hpp"

namespace unbound_recursion_test {

using namespace taut::importer;

namespace {

const std::string anchored = "server:\n auto-trust-anchor-file: /var/lib/unbound/root.key\n";
const std::string forwarder = "forward-zone:\n name: .\n forward-addr: 192.0.2.53\n";

}  // namespace

TEST_CASE("An Unbound that finds answers itself becomes a [recursion] of the same, without a comment") {
  const std::string toml = imported(Kind::unbound, R"(server:
    interface: 0.0.0.0
    interface: ::0
    module-config: "respip dns64 validator iterator"
    access-control: 10.0.0.0/8 allow
    do-ip6: no
    auto-trust-anchor-file: "/var/lib/unbound/root.key"
    trust-anchor-file: "corp.key"
    domain-insecure: "lab.example"
    root-hints: "root.hints"
    outgoing-interface: 192.0.2.1
    outgoing-interface: 192.0.2.2
    msg-cache-size: 50m
    rrset-cache-size: 100m
    cache-min-ttl: 60
    cache-max-ttl: 7200
    edns-buffer-size: 1400
    dns64-prefix: 64:ff9b:1::/48
    local-zone: "10.in-addr.arpa." nodefault
    harden-glue: yes
    qname-minimisation: no
    serve-expired: no
    aggressive-nsec: no
    do-not-query-localhost: no
    private-address: 10.0.0.0/8
    private-address: 172.16.0.0/12
    private-address: 192.168.0.0/16
    private-address: 169.254.0.0/16
    private-address: fd00::/8
    private-address: fe80::/10
    private-domain: "corp.example"
stub-zone:
    name: "10.in-addr.arpa"
    stub-addr: 10.0.0.53
    stub-addr: 2001:db8::53@5300
    stub-prime: no
forward-zone:
    name: "corp.example."
    forward-addr: 10.0.0.54
    forward-first: no
auth-zone:
    name: "."
    primary: 192.0.32.132
    master: 192.0.47.132
    fallback-enabled: yes
    for-downstream: no
    for-upstream: yes
    zonefile: "root.zone"
auth-zone:
    name: "example.net"
    primary: 192.0.2.8@5353
    allow-notify: 192.0.2.9
)");
  CHECK(toml == R"(# Made by tautctl import from /etc/source.conf, a configuration of Unbound.

[server]
allow-query = ["loopback", "10.0.0.0/8"]
state-directory = "/var/lib/taut"

[recursion]
allow = ["loopback", "10.0.0.0/8"]
cache-size = "150M"
root-hints = "/etc/unbound/root.hints"
trust-anchors = ["/etc/unbound/corp.key", "/usr/share/dns/root.key"]
negative-trust-anchors = ["lab.example"]
local-root = true
qname-minimisation = false
query-loopback = true
serve-stale = false
synthesise-denials = false
upstream-ipv6 = false
min-ttl = "60s"
max-ttl = "7200s"
upstream-udp-size = 1400
outgoing = ["192.0.2.1", "192.0.2.2"]
dns64 = "64:ff9b:1::/48"
deny-rebinding = true
private-domains = ["corp.example"]

[[recursion.zone]]
name = "10.in-addr.arpa"
kind = "stub"
servers = ["10.0.0.53", "[2001:db8::53]:5300"]

[[recursion.zone]]
name = "corp.example."
servers = ["10.0.0.54"]

[[zone]]
name = "example.net"
primaries = ["192.0.2.8:5353"]
allow-notify = ["192.0.2.9"]

[[zone]]
name = "."
file = "/etc/unbound/root.zone"
primaries = ["192.0.32.132", "192.0.47.132"]
)");
}

TEST_CASE("The unbound.conf that Debian installs becomes a recursor that validates for this host") {
  CHECK(imported(Kind::unbound, anchored) ==
        R"(# Made by tautctl import from /etc/source.conf, a configuration of Unbound.

[server]
state-directory = "/var/lib/taut"

[[listen]]
address = ["127.0.0.1", "::1"]

[recursion]
allow = ["loopback"]
)");
}

TEST_CASE("An Unbound validates where it has the validator and a trust anchor, and so does the recursor") {
  const std::string none = imported(Kind::unbound, "server:\n verbosity: 1\n domain-insecure: a.example\n");
  CHECK(hasLine(none, "validate = false"));
  CHECK(hasLine(none, "# line 3: not supported: domain-insecure: a.example (nothing is validated)"));
  CHECK(none.find("negative-trust-anchors") == none.npos);
  const std::string iterator = imported(Kind::unbound, anchored + " module-config: \"iterator\"\n");
  CHECK(hasLine(iterator, "validate = false"));
  CHECK(iterator.find("state-directory") == iterator.npos);
  const std::string file = imported(Kind::unbound, "server:\n trust-anchor-file: /a\n");
  CHECK(hasLine(file, "trust-anchors = [\"/a\"]"));
  CHECK(file.find("validate") == file.npos);
}

TEST_CASE(
    "A trust anchor that stands in an unbound.conf itself is one of the root's own, or a comment has its record") {
  const std::string root = imported(Kind::unbound,
                                    "server:\n trust-anchor: \". IN DS 20326 8 2 "
                                    "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\"\n");
  CHECK(root.find("not supported") == root.npos);
  CHECK(root.find("validate") == root.npos);
  const std::string other = imported(Kind::unbound, "server:\n trust-anchor: \"corp.example. DS 1 8 2 00 ff\"\n");
  CHECK(hasLine(other,
                "# line 2: not supported: trust-anchor: \"corp.example. DS 1 8 2 00 ff\" (give recursion.trust-anchors "
                "a file with the record corp.example. DS 1 8 2 00ff, and with those of the root where they are "
                "needed)"));
  const std::string keys = imported(Kind::unbound, "server:\n auto-trust-anchor-file: /corp.key\n trust-anchor: x\n");
  CHECK(hasLine(keys,
                "# line 2: not supported: auto-trust-anchor-file: /corp.key (give recursion.trust-anchors a file with "
                "those of its keys that are trusted now)"));
  CHECK(hasLine(keys, "# line 3: not supported: trust-anchor: x (expected a DS or DNSKEY record)"));
}

TEST_CASE("An Unbound that forwards all names and does nothing more with them becomes a forwarder") {
  const std::string toml = imported(Kind::unbound, anchored + " harden-glue: no\n" + forwarder);
  CHECK(toml.find("[recursion]\n") == toml.npos);
  CHECK(toml.find("state-directory") == toml.npos);
  CHECK(hasLine(toml,
                "# line 2: not supported: auto-trust-anchor-file: /var/lib/unbound/root.key (it needs a [recursion], "
                "which may stand beside [forward])"));
  CHECK(hasLine(toml,
                "# line 3: not supported: harden-glue: no (it needs a [recursion], which may stand beside [forward])"));
}

TEST_CASE("An Unbound that forwards all names but some asks the forwarders in the place of the root") {
  const std::string toml = imported(Kind::unbound, "server:\n interface: ::1\n msg-cache-size: 60m\n" + forwarder +
                                                       "stub-zone:\n name: corp.example\n stub-addr: 192.0.2.1\n"
                                                       "stub-zone:\n name: .\n stub-addr: 192.0.2.2\n");
  CHECK(toml == R"(# Made by tautctl import from /etc/source.conf, a configuration of Unbound.

# line 10: not supported: stub-zone: … (all names are forwarded)

[[listen]]
address = ["::1"]

[forward]
servers = ["192.0.2.53"]

[recursion]
allow = ["loopback"]
cache-size = "64M"
validate = false

[[recursion.zone]]
name = "corp.example"
kind = "stub"
servers = ["192.0.2.1"]
)");
}

TEST_CASE("Servers that Unbound asks over TLS are none, and those of other zones are") {
  const std::string toml = imported(Kind::unbound, R"(forward-zone:
 name: corp.example
 forward-addr: 192.0.2.1@853#corp.example
 forward-tls-upstream: yes
stub-zone:
 name: lab.example
 stub-addr: 192.0.2.2
 stub-host: ns.lab.example
 stub-first: yes
 stub-no-cache: yes
forward-zone:
 name: lab.example
 forward-addr: 192.0.2.3
forward-zone:
 name: host.example
 forward-host: ns.host.example
)");
  CHECK(hasLine(toml,
                "# line 1: not supported: forward-zone: … (corp.example: other servers are asked without TLS, so none "
                "is here)"));
  CHECK(hasLine(toml, "# line 11: not supported: forward-zone: … (lab.example is there already)"));
  CHECK(hasLine(toml, "# line 14: not supported: forward-zone: … (host.example has no server that can be asked)"));
  CHECK(toml.find(R"(
[[recursion.zone]]
# line 8: not supported: stub-host: ns.lab.example
# line 9: not supported: stub-first: yes
# line 10: not supported: stub-no-cache: yes
name = "lab.example"
kind = "stub"
servers = ["192.0.2.2"]
)") != toml.npos);
  const std::string all = imported(Kind::unbound, "server:\n tls-upstream: yes\n serve-expired: no\n");
  CHECK(all.find("[recursion]\n") == all.npos);
  CHECK(hasLine(all, "# line 3: not supported: serve-expired: no (no names are resolved)"));
}

TEST_CASE("Unbound's response policy zones are those of the recursor, where respip is among the modules") {
  const std::string zones = R"(rpz:
 name: block.example
 zonefile: block.zone
 rpz-log: yes
rpz:
 name: feed.example
 primary: 192.0.2.1
 rpz-action-override: nxdomain
rpz:
 name: other.example
 primary: 192.0.2.1#tls.example
)";
  const std::string toml = imported(Kind::unbound, "server:\n module-config: \"respip iterator\"\n" + zones);
  CHECK(toml.find("\n[[recursion.policy]]\nzone = \"block.example\"\n") != toml.npos);
  CHECK(toml.find(R"(
[[zone]]
# line 3: not supported: rpz: … (clients may ask for the zone itself too)
# line 6: not supported: rpz-log: yes
name = "block.example"
file = "/etc/unbound/block.zone"
)") != toml.npos);
  CHECK(
      hasLine(toml, "# line 7: not supported: rpz: … (feed.example: what its records say would count, not nxdomain)"));
  CHECK(hasLine(toml,
                "# line 11: not supported: rpz: … (other.example is a secondary zone without primaries that can be "
                "asked)"));
  CHECK(toml.find("zone = \"other.example\"") == toml.npos);
  const std::string unused = imported(Kind::unbound, zones);
  CHECK(unused.find("[[recursion.policy]]") == unused.npos);
  CHECK(unused.find("[[zone]]") == unused.npos);
}

TEST_CASE("A value of Unbound that no key of [recursion] takes is left out and told") {
  const std::string toml = imported(Kind::unbound, R"(server:
 module-config: "python iterator"
 cache-max-ttl: 604801
 cache-min-ttl: 3601
 edns-buffer-size: 65535
 outgoing-interface: 2001:db8::/64
 outgoing-interface: fe80::1
 dns64-prefix: 64:ff9b::/96
 msg-cache-size: 1k
 rrset-cache-size: 1k
 domain-insecure: a..b
 serve-expired: maybe
 local-zone: "10.in-addr.arpa" nodefault
 prefetch: yes
stub-zone:
 name: a..b
 stub-addr: 192.0.2.1
)");
  CHECK(hasLine(toml, "# line 2: not supported: module-config: \"python iterator\" (the module python)"));
  CHECK(hasLine(toml, "# line 3: not supported: cache-max-ttl: 604801 (expected a number from 1 to 604800)"));
  CHECK(hasLine(toml, "# line 4: not supported: cache-min-ttl: 3601 (expected a number from 0 to 3600)"));
  CHECK(hasLine(toml, "# line 5: not supported: edns-buffer-size: 65535 (expected a number from 512 to 4096)"));
  CHECK(hasLine(toml,
                "# line 6: not supported: outgoing-interface: 2001:db8::/64 (expected an address, without a port)"));
  CHECK(hasLine(toml, "# line 7: not supported: outgoing-interface: fe80::1 (expected an address, without a port)"));
  CHECK(hasLine(toml,
                "# line 8: not supported: dns64-prefix: 64:ff9b::/96 (module-config has no dns64, so it is not used)"));
  CHECK(hasLine(toml, "# line 10: not supported: rrset-cache-size: 1k (expected a size from 1M to 1024G)"));
  CHECK(hasLine(toml, "# line 11: not supported: domain-insecure: a..b (it is not a domain name)"));
  CHECK(hasLine(toml, "# line 12: not supported: serve-expired: maybe (expected yes or no)"));
  CHECK(hasLine(toml, "# line 13: not supported: local-zone: \"10.in-addr.arpa\" nodefault"));
  CHECK(hasLine(toml, "# line 14: not supported: prefetch: yes"));
  CHECK(hasLine(toml, "# line 15: not supported: stub-zone: … (it is not a domain name)"));
  const std::string reversed = imported(Kind::unbound, "server:\n cache-max-ttl: 30\n cache-min-ttl: 60\n");
  CHECK(hasLine(reversed, "max-ttl = \"30s\""));
  CHECK(hasLine(reversed, "# line 3: not supported: cache-min-ttl: 60 (it is more than the TTL is at most)"));
}

TEST_CASE("A secondary zone that has its file together with another zone has none, and a comment says so") {
  const std::string toml = imported(Kind::unbound,
                                    "auth-zone:\n name: a.example\n zonefile: /z\n"
                                    "auth-zone:\n name: b.example\n zonefile: /z\n primary: 192.0.2.1\n");
  CHECK(toml.find(R"(
[[zone]]
name = "a.example"
file = "/z"

[[zone]]
# not supported: file /z (another zone has it; without a file the zone is transferred at each start)
name = "b.example"
primaries = ["192.0.2.1"]
)") != toml.npos);
}

TEST_CASE("An Unbound with the module dns64 has the well-known prefix where it names none") {
  const std::string toml = imported(Kind::unbound, "server:\n module-config: \"dns64 iterator\"\n");
  CHECK(hasLine(toml, "dns64 = \"64:ff9b::/96\""));
}

TEST_CASE("A copy of the root zone that Unbound answers clients from is a zone, and where it forwards there is none") {
  const std::string copy = "auth-zone:\n name: .\n zonefile: /root.zone\n";
  const std::string served = imported(Kind::unbound, copy + " for-downstream: yes\n");
  CHECK(served.find("local-root") == served.npos);
  CHECK(hasLine(served, "file = \"/root.zone\""));
  const std::string forwards = imported(Kind::unbound, copy + " for-downstream: no\n" + forwarder);
  CHECK(hasLine(forwards, "# line 1: not supported: auth-zone: … (the servers of the root are not asked)"));
  CHECK(forwards.find("[[zone]]") == forwards.npos);
}

}  // namespace unbound_recursion_test
