#include "import/import.hpp"

#include <map>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include "config/schema.hpp"
#include "import/memory_files.hpp"
#include "import/values.hpp"
#include "taut/recursor/negative_trust_anchors.hpp"

namespace import_test {

using namespace taut::importer;

TEST_CASE("The kind of a file is seen by its name, or else by its text") {
  CHECK(guessKind("/etc/bind/named.conf.local", "") == Kind::bind);
  CHECK(guessKind("knot.conf", "zone:\n") == Kind::knot);
  CHECK(guessKind("/etc/nsd/nsd.conf", "") == Kind::nsd);
  CHECK(guessKind("unbound.conf", "") == Kind::unbound);
  CHECK(guessKind("/etc/coredns/Corefile", "") == Kind::coredns);
  CHECK(guessKind("my.conf", "options {\n};\nzone \"a\" {\n type primary;\n};\n") == Kind::bind);
  CHECK(guessKind("mine", "options {\n listen-on { ::1; };\n forwarders { ::1; };\n recursion no;\n};\n") ==
        Kind::bind);
  CHECK(guessKind("my.conf", "server:\n  listen: ::@53\nzone:\n  - domain: a\n") == Kind::knot);
  CHECK(guessKind("my.conf", "server:\n  port: 53\nzone:\n  name: a\n  zonefile: a\n") == Kind::nsd);
  CHECK(guessKind("my.conf", "server:\n  access-control: ::1 allow\n") == Kind::unbound);
  CHECK(guessKind("my.conf", ". {\n  forward . 192.0.2.1\n}\n") == Kind::coredns);
  CHECK_FALSE(guessKind("my.conf", "server:\n  port: 53\n").has_value());
  CHECK_FALSE(guessKind("my.conf", "").has_value());
}

TEST_CASE("A file that cannot be read, or whose kind is not clear, is told by its name") {
  const std::map<std::string, std::string> texts = {{"/etc/what", "?"}, {"/etc/knot.conf", std::string("a\0b", 3)}};
  MemoryFiles files(texts);
  CHECK_THROWS_WITH_AS(importFile("/etc/no", Kind::knot, files), "/etc/no: No such file or directory",
                       std::runtime_error);
  CHECK_THROWS_WITH_AS(importFile("/etc/what", {}, files),
                       "/etc/what: it does not look like a configuration of a known server; give --from",
                       std::runtime_error);
  CHECK_THROWS_WITH_AS(importFile("/etc/knot.conf", {}, files), "/etc/knot.conf: it is no text", std::runtime_error);
}

TEST_CASE("A mistake of a file whose kind is guessed says which kind that is") {
  const std::map<std::string, std::string> texts = {{"/etc/mine", ". {\n forward . 192.0.2.1\n"}};
  MemoryFiles files(texts);
  CHECK_THROWS_WITH_AS(importFile("/etc/mine", {}, files),
                       "/etc/mine:1:4: the block does not end; expected } (taken for a configuration of CoreDNS; if "
                       "it is another's, give --from KIND)",
                       std::runtime_error);
  CHECK_THROWS_WITH_AS(importFile("/etc/mine", Kind::coredns, files),
                       "/etc/mine:1:4: the block does not end; expected }", std::runtime_error);
}

TEST_CASE("The comment on a statement that taut has something like names the key") {
  const std::string bind = imported(Kind::bind,
                                    "options { recursion no; dnstap { all; };\n cookie-secret \"00\"; };\n"
                                    "controls { };\nstatistics-channels { };\nlogging { };\n");
  CHECK(hasLine(bind, "# line 1: not supported: dnstap { … } (see [dnstap])"));
  CHECK(hasLine(bind, "# line 2: not supported: cookie-secret … (see server.cookies.secrets-file)"));
  CHECK(hasLine(bind, "# line 3: not supported: controls { … } (see server.control and tautctl(8))"));
  CHECK(hasLine(bind, "# line 4: not supported: statistics-channels { … } (see [http])"));
  CHECK(hasLine(bind, "# line 5: not supported: logging { … } (see [log])"));
  const std::string knot = imported(Kind::knot, "control:\n  listen: a.sock\nmod-stats:\n  - id: x\n");
  CHECK(
      hasLine(knot, "# line 2: not supported: listen: a.sock (in section control: see server.control and tautctl(8))"));
  CHECK(hasLine(knot, "# line 4: not supported: id: x … (in section mod-stats: see [http])"));
  CHECK(hasLine(imported(Kind::coredns, ". {\n prometheus :9153\n}\n"),
                "# line 2: not supported: prometheus :9153 (see [http])"));
  CHECK(hasLine(imported(Kind::nsd, "remote-control:\n control-enable: yes\n"),
                "# line 1: not supported: remote-control: … (see server.control and tautctl(8))"));
}

TEST_CASE("A log of all queries of BIND and Unbound is one of taut") {
  CHECK(hasLine(imported(Kind::bind, "options { querylog yes; };"), "queries.one-in = 1"));
  CHECK(imported(Kind::bind, "options { querylog no; };").find("queries") == std::string::npos);
  CHECK(hasLine(imported(Kind::unbound, "server:\n log-queries: yes\n"), "queries.one-in = 1"));
}

TEST_CASE("How many statements stand in comments is counted, those of zones too") {
  const std::map<std::string, std::string> texts = {
      {"/etc/nsd.conf", "server:\n nsid: ab\nzone:\n name: a\n zonefile: a\n notify: x y\n"}};
  MemoryFiles files(texts);
  const Import result = importFile("/etc/nsd.conf", {}, files);
  CHECK(result.unsupported == 2);
  CHECK(hasLine(result.toml, "# line 2: not supported: nsid: ab"));
}

TEST_CASE("A text is quoted so that TOML reads the same text, and no variable of the environment") {
  const std::string toml = imported(Kind::bind, "options { recursion no; version \"a\\b\t${x} é\"; };");
  CHECK(hasLine(toml, "version = \"a\\\\b\\u0009$${x} é\""));
}

TEST_CASE("A comment is one line of UTF-8 without control characters, and no longer than it may be") {
  const std::string toml = imported(Kind::bind,
                                    "options { recursion no; odd \"a\t\x01"
                                    "b\"; };\nlong \"" +
                                        std::string(300, 'x') + "\";");
  CHECK(hasLine(toml, "# line 1: not supported: odd \"a \\u0001b\""));
  CHECK(hasLine(toml, "# line 2: not supported: long \"" + std::string(154, 'x') + "…"));
}

TEST_CASE("A file that is no UTF-8 is read as ISO 8859-1, and a comment says so") {
  const std::string toml = imported(Kind::bind, "options { recursion no; version \"\xfc\"; };");
  CHECK(hasLine(toml, "version = \"ü\""));
  CHECK(
      hasLine(toml, "# not supported: the encoding of /etc/source.conf (it is no UTF-8, and was read as ISO 8859-1)"));
}

TEST_CASE("The ranges of an import are those of the configuration") {
  const auto isRange = [](const char* path, const Range& range) {
    const auto& key = taut::config::keyOf(path);
    return key.least == range.least && key.most == range.most;
  };
  CHECK(isRange("server.threads", threadRange));
  CHECK(isRange("server.udp-size", udpSizeRange));
  CHECK(isRange("limits.tcp.connections", connectionRange));
  CHECK(isRange("rate-limit.responses", responseRange));
  CHECK(isRange("rate-limit.all", allResponsesRange));
  CHECK(isRange("rate-limit.slip", slipRange));
  CHECK(isRange("server.identity", {1, maxText}));
  CHECK(isRange("recursion.upstream-udp-size", udpSizeRange));
  CHECK(isRange("recursion.cache-size", recursionCacheRange));
  constexpr std::int64_t second = 1000;  // milliseconds
  CHECK(isRange("recursion.min-ttl", {minTtlRange.least * second, minTtlRange.most * second}));
  CHECK(isRange("recursion.max-ttl", {maxTtlRange.least * second, maxTtlRange.most * second}));
  CHECK(taut::NegativeTrustAnchors::maxCount == maxNegativeTrustAnchors);
}

TEST_CASE("Values of the other servers are read in all their forms") {
  CHECK(networkOf("10/8") == "10.0.0.0/8");
  CHECK(networkOf("10.1.2.3/12") == "10.0.0.0/12");
  CHECK(networkOf("2001:db8:ffff::/33") == "2001:db8:8000::/33");
  CHECK(networkOf("192.0.2.1") == "192.0.2.1");
  for (const char* const wrong : {"", "10", "10/33", "::/129", "::1/x", "192.0.2.1:53", "a"})
    CHECK_FALSE(networkOf(wrong));
  CHECK(addressOf("192.0.2.1@5300") == "192.0.2.1:5300");
  CHECK(addressOf("::1@53") == "::1");
  CHECK(addressOf("::1", 5300) == "[::1]:5300");
  for (const char* const wrong : {"192.0.2.1@0", "192.0.2.1@65536", "192.0.2.1@", "x", "fe80::1"})
    CHECK_FALSE(addressOf(wrong));
  CHECK(sizeOf("64m") == 64 << 20);
  CHECK(sizeOf("9223372036854775807") == 9223372036854775807);
  CHECK_FALSE(sizeOf("9223372036854775807k"));
  CHECK_FALSE(sizeOf("m"));
  CHECK(sizeText(150 << 20) == "150M");
  CHECK(sizeText(1025) == "1025");
  CHECK(secondsOf("90") == 90);
  CHECK(secondsOf("1W1d1H1m1s") == 694861);
  for (const char* const wrong : {"", "h", "1h5", "1x", "-1", "9999999999h", "2147483647w1w"})
    CHECK_FALSE(secondsOf(wrong));
  CHECK(nat64PrefixOf("2001:db8:0:0::/56") == "2001:db8::/56");
  for (const char* const wrong : {"64:ff9b::", "64:ff9b::1/96", "64:ff9b::/95", "10.0.0.0/8", "1:2:3:4:0500::/96"})
    CHECK_FALSE(nat64PrefixOf(wrong));
}

}  // namespace import_test
