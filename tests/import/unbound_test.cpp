#include <string>

#include <doctest/doctest.h>

#include "import/memory_files.hpp"

namespace unbound_test {

using namespace taut::importer;

TEST_CASE("An unbound.conf of what taut has becomes the same taut.toml, without a comment") {
  const std::string toml = imported(Kind::unbound, R"(server:
    interface: 0.0.0.0
    interface: ::0
    num-threads: 2
    do-udp: yes
    hide-identity: yes
    version: "resolver"
    max-udp-size: 1232
    incoming-num-tcp: 20
    msg-cache-size: 50m
    rrset-cache-size: 100m
    rrset-roundrobin: yes
    access-control: 127.0.0.0/8 allow
    access-control: 10.0.0.0/8 allow
    access-control: 2001:db8::/32 allow_snoop
    access-control: 0.0.0.0/0 refuse
    private-address: 10.0.0.0/8
    private-address: 172.16.0.0/12
    private-address: 192.168.0.0/16
    private-address: 169.254.0.0/16
    private-address: fd00::/8
    private-address: fe80::/10
    private-domain: "corp.example"
    directory: "/var/lib/unbound"
forward-zone:
    name: "."
    forward-addr: 192.0.2.53
    forward-addr: 2001:db8::53@5300#dns.example.net
auth-zone:
    name: "example.com"
    zonefile: 'example.com.zone'
    for-downstream: yes
)");
  CHECK(toml == R"(# Made by tautctl import from /etc/source.conf, a configuration of Unbound.

[server]
version = "resolver"
hide = ["id.server", "hostname.bind"]
allow-query = ["loopback", "10.0.0.0/8", "2001:db8::/32"]
threads = 2
udp-size = 1232
rrset-roundrobin = true

[limits]
tcp.connections = 20  # of each thread

[forward]
servers = ["192.0.2.53", "[2001:db8::53]:5300"]
allow = ["loopback", "10.0.0.0/8", "2001:db8::/32"]
cache.size = "150M"
deny-rebinding = true
private-domains = ["corp.example"]

[[zone]]
name = "example.com"
file = "/var/lib/unbound/example.com.zone"
)");
}

TEST_CASE("Each item of an unbound.conf that has no key stands in a comment with its line") {
  const std::string toml = imported(Kind::unbound, R"(server:
    auto-trust-anchor-file: "/var/lib/unbound/root.key"
    private-address: 203.0.113.0/24
    private-domain: "corp.example"
    local-data: "host.example. A 192.0.2.1"
    interface: 192.0.2.1
remote-control:
    control-enable: no
forward-zone:
    name: "corp.example"
    forward-host: ns.corp.example
forward-zone:
    name: "."
    forward-addr: 192.0.2.54
    forward-host: dns.example.net
    forward-first: yes
auth-zone:
    name: "example.com"
    url: "https://example.com/zone"
    zonefile: "example.com.zone"
)");
  CHECK(toml == R"(# Made by tautctl import from /etc/source.conf, a configuration of Unbound.

# line 2: not supported: auto-trust-anchor-file: "/var/lib/unbound/root.key" (it needs a [recursion],)"
                R"( which may stand beside [forward])
# line 3: not supported: private-address: 203.0.113.0/24 (deny-rebinding has private addresses alone)
# line 4: not supported: private-domain: "corp.example" (there is no private-address)
# line 5: not supported: local-data: "host.example. A 192.0.2.1"
# line 7: not supported: remote-control: … (see server.control and tautctl(8))
# line 9: not supported: forward-zone: … (corp.example has no server that can be asked)
# line 11: not supported: forward-host: ns.corp.example
# line 15: not supported: forward-host: dns.example.net
# line 16: not supported: forward-first: yes
# line 17: not supported: auth-zone: … (example.com is a secondary zone without primaries that can be asked)

[[listen]]
address = ["192.0.2.1"]

[forward]
servers = ["192.0.2.54"]
allow = ["loopback"]
cache.size = "8M"
)");
}

TEST_CASE("An Unbound that asks over TLS becomes no server that asks without") {
  const std::string zone = "forward-zone:\n name: .\n forward-addr: 192.0.2.53@853#dns.example\n";
  for (const std::string& text : {zone + " forward-tls-upstream: yes\n", "server:\n tls-upstream: yes\n" + zone}) {
    const std::string toml = imported(Kind::unbound, text);
    CHECK(toml.find("[forward]\n") == std::string::npos);
    CHECK(toml.find("forward-zone: … (other servers are asked without TLS, so none is here)") != std::string::npos);
  }
}

TEST_CASE("What Unbound refuses within a network that it allows is not allowed") {
  const std::string toml = imported(Kind::unbound,
                                    "server:\n access-control: 10.0.0.0/8 allow\n access-control: 10.1.0.0/16 deny\n"
                                    " access-control: 192.168.0.0/16 allow\n"
                                    "forward-zone:\n name: .\n forward-addr: 192.0.2.53\n");
  CHECK(hasLine(toml, "allow = [\"loopback\", \"192.168.0.0/16\"]"));
  CHECK(hasLine(toml, "# line 2: not supported: access-control: 10.0.0.0/8 allow (a part of the network is refused)"));
}

TEST_CASE("Those who may ask Unbound for local data alone get no question forwarded") {
  const std::string toml = imported(Kind::unbound,
                                    "server:\n access-control: 10.0.0.0/8 allow\n"
                                    " access-control: 192.0.2.0/24 refuse_non_local\n"
                                    " access-control: 198.51.100.0/24 allow\n"
                                    " access-control: 198.51.100.7 deny_non_local\n"
                                    "forward-zone:\n name: .\n forward-addr: 192.0.2.53\n"
                                    "auth-zone:\n name: example.com\n zonefile: a\n");
  CHECK(hasLine(toml,
                "allow-query = [\"loopback\", \"10.0.0.0/8\", \"198.51.100.0/24\", \"192.0.2.0/24\", "
                "\"198.51.100.7\"]"));
  CHECK(hasLine(toml, "allow = [\"loopback\", \"10.0.0.0/8\"]"));
}

TEST_CASE("An Unbound that refuses this host, or treats a part of a network as taut cannot, allows neither") {
  const std::string toml = imported(Kind::unbound,
                                    "server:\n access-control: 127.0.0.0/8 refuse\n"
                                    " access-control: 10.0.0.0/8 allow\n access-control: 10.1.0.0/16 allow_cookie\n"
                                    "forward-zone:\n name: .\n forward-addr: 192.0.2.53\n");
  CHECK(hasLine(toml, "allow = []"));
  CHECK(hasLine(toml, "# line 4: not supported: access-control: 10.1.0.0/16 allow_cookie"));
}

TEST_CASE("A comment says where more private addresses are refused than Unbound refuses") {
  const std::string toml = imported(Kind::unbound,
                                    "server:\n private-address: 10.0.0.0/8\n private-address: 10.0.0.0/8\n"
                                    "forward-zone:\n name: .\n forward-addr: 192.0.2.53\n");
  CHECK(hasLine(toml, "deny-rebinding = true"));
  CHECK(hasLine(toml,
                "# not supported: answers with private addresses that no private-address names "
                "(deny-rebinding refuses all private addresses)"));
}

TEST_CASE("An Unbound that listens by default listens on the loopback addresses") {
  CHECK(hasLine(imported(Kind::unbound, "server:\n verbosity: 1\n"), "address = [\"127.0.0.1\", \"::1\"]"));
  CHECK(hasLine(imported(Kind::unbound, "server:\n port: 5353\n do-ip6: no\n"), "address = [\"127.0.0.1:5353\"]"));
}

}  // namespace unbound_test
