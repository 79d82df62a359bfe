#include <string>

#include <doctest/doctest.h>

#include "import/memory_files.hpp"

namespace coredns_test {

using namespace taut::importer;

TEST_CASE("A Corefile becomes a taut.toml, and each directive that has no key stands in a comment with its line") {
  const std::string toml = imported(Kind::coredns, R"((common) {
    errors
    loadbalance
}
. {
    import common
    bind 192.0.2.1
    forward . 192.0.2.53 dns://192.0.2.54:5300 {
       max_concurrent 1000
    }
    cache
    hosts {
        192.0.2.7 printer.example
    }
    chaos CoreDNS-1.10
    nsid ns1
    bufsize 1232
}
example.org:53, \
192.0.2.0/24 {
    import common
    bind 192.0.2.1
    root /zones
    file db.example.org
    file db.other example.net {
        reload 10s
    }
    health {$PORT}
}
)");
  CHECK(toml ==
        R"(# Made by tautctl import from /etc/source.conf, a configuration of CoreDNS.

# line 2: not supported: errors (failures are logged; see log.queries.errors)
# line 9: not supported: max_concurrent 1000 (in forward)
# line 13: not supported: 192.0.2.7 printer.example (in hosts)
# line 28: not supported: health {$PORT} (it has a variable)
)"
        "# not supported: forwarding for all clients, which is the default (only this host and private networks "
        "may; allow = [\"any\"] in [forward] is for all)\n"
        R"(
hosts-file = "/etc/hosts"

[server]
identity = "ns1"
version = "CoreDNS-1.10"
udp-size = 1232
rrset-roundrobin = true

[[listen]]
address = ["192.0.2.1"]

[forward]
servers = ["192.0.2.53", "192.0.2.54:5300"]
cache.size = "64M"

[[zone]]
name = "example.org"
file = "/zones/db.example.org"

[[zone]]
name = "2.0.192.in-addr.arpa"
file = "/zones/db.example.org"

[[zone]]
# line 26: not supported: reload 10s (in file)
name = "example.net"
file = "/zones/db.other"
)");
}

TEST_CASE("A Corefile of one server block needs no braces") {
  const std::string toml = imported(Kind::coredns, "example.com:5300\nfile db.example.com\nwhoami # who\n");
  CHECK(hasLine(toml, "name = \"example.com\""));
  CHECK(hasLine(toml, "file = \"/etc/db.example.com\""));
  CHECK(hasLine(toml, "address = [\"0.0.0.0:5300\", \"[::]:5300\"]"));
  CHECK(hasLine(toml, "# line 3: not supported: whoami"));
}

TEST_CASE("A server block with a port of its own, or of another protocol, is told") {
  const std::string toml = imported(Kind::coredns,
                                    "a.example {\n file a\n}\nb.example:5300 {\n file b\n}\n"
                                    "tls://c.example {\n file c\n}\n");
  CHECK(hasLine(toml,
                "# line 4: not supported: b.example:5300 { … } (a server block with addresses or ports of its own: all "
                "zones are served on all addresses)"));
  CHECK(hasLine(toml,
                "# line 7: not supported: tls://c.example { … } ('tls://c.example' is no zone that is served by UDP "
                "and TCP)"));
  CHECK(hasLine(toml, "# line 8: not supported: file c (in a server block that is not supported)"));
  CHECK(toml.find("name = \"c.example\"") == std::string::npos);
}

TEST_CASE("Of two files for one zone the first is served, and the second is told") {
  const std::string toml =
      imported(Kind::coredns, "example.com {\n file a\n}\nExample.com. {\n file a\n}\nexample.com {\n file b\n}\n");
  CHECK(hasLine(toml, "# line 8: not supported: file b (the zone is there already, from /etc/a)"));
  CHECK(toml.find("[[zone]]") == toml.rfind("[[zone]]"));
}

TEST_CASE("Files that a Corefile imports count, as blocks and as directives") {
  const std::string toml = imported(Kind::coredns, "import more/*\n. {\n import inside\n import nothing\n}\n",
                                    {{"/etc/more/a", "example.com {\n file a\n log\n}\n"}, {"/etc/inside", "debug\n"}});
  CHECK(hasLine(toml, "name = \"example.com\""));
  CHECK(hasLine(toml, "# /etc/more/a:3: not supported: log (see [log])"));
  CHECK(hasLine(toml, "# /etc/inside:1: not supported: debug"));
  CHECK(hasLine(toml,
                "# line 4: not supported: import nothing (no snippet, and /etc/nothing: No such file or directory)"));
}

TEST_CASE("A CoreDNS that forwards on some of its addresses becomes a server that forwards nothing") {
  constexpr const char* remark =
      " (only on some of the addresses: what is forwarded would be so for the clients of all)";
  const std::string bound = imported(Kind::coredns,
                                     ".:5353 {\n bind 127.0.0.1\n forward . 127.0.0.1:5312\n}\n"
                                     "newop.example:5353 {\n bind 127.0.0.2\n file db.newop\n}\n");
  CHECK(hasLine(bound, "address = [\"127.0.0.1:5353\", \"127.0.0.2:5353\"]"));
  CHECK(hasLine(bound, std::string("# line 3: not supported: forward . 127.0.0.1:5312") + remark));
  CHECK(bound.find("[forward]\n") == std::string::npos);
  CHECK(bound.find("forwarding for all clients") == std::string::npos);
  const std::string unbound =
      imported(Kind::coredns, "a.example {\n file a\n}\n. {\n bind 192.0.2.1\n forward . 192.0.2.53\n cache\n}\n");
  CHECK(hasLine(unbound, std::string("# line 6: not supported: forward . 192.0.2.53") + remark));
  CHECK(hasLine(unbound, "# line 7: not supported: cache (nothing is forwarded)"));
  const std::string other =
      imported(Kind::coredns, ". {\n forward . /etc/resolv.conf\n}\na.example {\n bind 127.0.0.2\n file a\n}\n");
  CHECK(hasLine(other, std::string("# line 2: not supported: forward . /etc/resolv.conf") + remark));
  CHECK(other.find("[forward]\n") == std::string::npos);
  const std::string ports =
      imported(Kind::coredns, ". {\n forward . 192.0.2.53\n}\n.:5300 {\n forward . 192.0.2.54\n}\n");
  CHECK(ports.find("[forward]\n") == std::string::npos);
}

TEST_CASE("Those whom an acl of all server blocks allows are the clients of the server, and of the forwarding") {
  const std::string acl = " acl {\n  allow net 10.0.0.0/8 192.0.2.1\n  block\n }\n";
  const std::string toml =
      imported(Kind::coredns, ". {\n" + acl + " forward . 192.0.2.53\n}\nexample.com {\n" + acl + " file a\n}\n");
  CHECK(hasLine(toml, "allow-query = [\"10.0.0.0/8\", \"192.0.2.1\"]"));
  CHECK(hasLine(toml, "allow = [\"10.0.0.0/8\", \"192.0.2.1\"]"));
  CHECK(hasLine(toml, "name = \"example.com\""));
  CHECK(toml.find("# line") == std::string::npos);
}

TEST_CASE("What an acl of one server block is for is not served to the clients of others") {
  const std::string toml = imported(Kind::coredns,
                                    "example.com {\n acl {\n  allow net 10.0.0.0/8\n  drop net *\n }\n"
                                    " file a\n hosts\n}\nexample.net {\n file b\n}\n");
  CHECK(hasLine(toml, "# line 4: not supported: drop net * (in acl: queries of other clients are refused)"));
  CHECK(hasLine(toml, "# line 6: not supported: file a (fewer clients may ask for it than server.allow-query is for)"));
  CHECK(hasLine(toml, "# line 7: not supported: hosts (fewer clients may ask for it than server.allow-query is for)"));
  CHECK(hasLine(toml, "name = \"example.net\""));
  CHECK(toml.find("allow-query =") == std::string::npos);
}

TEST_CASE("A CoreDNS whose acl has exceptions becomes a server that neither serves nor forwards what it is for") {
  for (const std::string& acl : {std::string(" acl {\n  block net 10.1.0.0/16\n }\n"),
                                 std::string(" acl {\n  allow type A net 10.0.0.0/8\n  block\n }\n"),
                                 std::string(" acl example.com {\n  allow net 10.0.0.0/8\n  block\n }\n")}) {
    const std::string toml = imported(Kind::coredns, ". {\n" + acl + " forward . 192.0.2.53\n file a\n}\n");
    CHECK(toml.find("[forward]\n") == std::string::npos);
    CHECK(toml.find("[[zone]]\n") == std::string::npos);
    CHECK(toml.find("(only for some clients: who they are cannot be expressed)") != std::string::npos);
  }
}

TEST_CASE("A CoreDNS that forwards on all of its addresses does so still") {
  const std::string toml = imported(Kind::coredns,
                                    "a.example {\n bind 127.0.0.1\n file a\n}\n"
                                    ". {\n bind 127.0.0.2 127.0.0.1\n forward . 192.0.2.53\n}\n");
  CHECK(hasLine(toml, "servers = [\"192.0.2.53\"]"));
}

TEST_CASE("A zone that CoreDNS signs has a warning in its table") {
  for (const std::string plugin : {"dnssec", "sign db.example"}) {
    const std::string toml =
        imported(Kind::coredns, "a.example {\n file a\n " + plugin + "\n}\nb.example {\n file b\n}\n");
    CHECK(toml.find(signedZone + "name = \"a.example\"") != std::string::npos);
    CHECK(toml.find("ATTENTION") == toml.rfind("ATTENTION"));
  }
}

TEST_CASE("A CoreDNS that asks over TLS becomes no server that asks without") {
  const std::string toml = imported(Kind::coredns, ". {\n forward . tls://192.0.2.53\n}\n");
  CHECK(toml.find("[forward]\n") == std::string::npos);
  CHECK(hasLine(toml,
                "# line 2: not supported: forward . tls://192.0.2.53 ('tls://192.0.2.53': other servers are asked "
                "without TLS)"));
}

TEST_CASE("A Corefile with a mistake is refused with file, line and column") {
  CHECK(faultOf(Kind::coredns, ". {\n errors\n") == "/etc/source.conf:1:4: the block does not end; expected }");
  CHECK(faultOf(Kind::coredns, "a {\n}\nb\n") == "/etc/source.conf:3:1: expected { after the addresses of a server");
  CHECK(faultOf(Kind::coredns, "a {\n x { y\n }\n}\n") == "/etc/source.conf:2:6: expected the end of the line after {");
  CHECK(faultOf(Kind::coredns, "}\n") == "/etc/source.conf:1:1: no block ends here; expected a server block");
  CHECK(faultOf(Kind::coredns, ". {\n x \"a\n}\n") == "/etc/source.conf:2:4: the text does not end; expected \"");
}

TEST_CASE("Snippets that import each other many times have a bound") {
  std::string text = "(s0) {\n a\n a\n a\n a\n}\n";
  for (int i = 1; i < 30; ++i) {
    text += "(s" + std::to_string(i) + ") {\n";
    for (int copies = 0; copies < 4; ++copies) text += " import s" + std::to_string(i - 1) + "\n";
    text += "}\n";
  }
  CHECK(faultOf(Kind::coredns, text).find("more than 4000000 statements and words") != std::string::npos);
}

}  // namespace coredns_test
