#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "taut/base/bytes.hpp"
#include "taut/zone/zone_builder.hpp"
#include "zone/zone_text.hpp"

namespace zone_checks_test {

using namespace taut;
using test::load;
using test::messages;
using Lines = std::vector<std::string>;

namespace {

// Whether the body is refused, and with exactly one message, which begins so. The body's first line is line 6.
void refuses(const char* body, const char* message) {
  const ZoneLoad loaded = load(body);
  CHECK_MESSAGE(!loaded.ok(), body);
  const Lines lines = messages(loaded);
  REQUIRE_MESSAGE(!lines.empty(), body);
  CHECK_MESSAGE(lines.front().starts_with(message), lines.front(), " instead of ", message);
  CHECK_MESSAGE(lines.size() == 1, body);
}

void warns(const char* body, const char* message) {
  const ZoneLoad loaded = load(body);
  CHECK_MESSAGE(loaded.ok(), body);
  const Lines lines = messages(loaded);
  REQUIRE_MESSAGE(!lines.empty(), body);
  CHECK_MESSAGE(lines.front().starts_with(message), lines.front(), " instead of ", message);
  CHECK_MESSAGE(lines.size() == 1, body);
}

}  // namespace

TEST_CASE("A zone in order draws no message") {
  CHECK(messages(load("www A 192.0.2.2\n")).empty());
}

TEST_CASE("A zone needs one SOA, at its top, and an NS there") {
  CHECK(messages(parseZone("@ 1 NS ns.x.\n", Name("example."))) ==
        Lines{" error: zone example. has no SOA record; expected one, at its origin"});
  CHECK(messages(parseZone("@ 1 NS ns.x.\n$ORIGIN other.\n@ 1 SOA a.x. b.x. 1 2 3 4 5\n", Name("example."))) ==
        Lines{"3: error: the SOA record is that of other.; expected one of example."});
  CHECK(messages(parseZone("@ 1 SOA a.x. b.x. 1 2 3 4 5\n", Name("example."))) ==
        Lines{" error: example. has no NS record, and each zone needs one"});
  refuses("@ SOA ns1 other 8 1 1 1 1\n", "6: error: example. SOA: there is another one, in line 3");
  refuses("sub SOA ns1 other 8 1 1 1 1\n", "6: error: sub.example. SOA: not at the top of the zone example.");
  warns("@ SOA ns1 hostmaster 7 3600 600 86400 60\n", "6: warning: example. SOA: the same record is also in line 3");
}

TEST_CASE("Nothing but signatures and NSEC stands beside a CNAME, and it stands alone") {
  refuses("a CNAME x.\na A 192.0.2.2\n", "7: error: a.example. A: beside a CNAME");
  refuses("a A 192.0.2.2\na CNAME x.\n", "6: error: a.example. A: beside a CNAME");
  refuses("a CNAME x.\na CNAME y.\n", "7: error: a.example. CNAME: there is another one, in line 6");
  refuses("a DNAME x.\na DNAME y.\n", "7: error: a.example. DNAME: there is another one, in line 6");
  CHECK(messages(load("a CNAME x.\n"
                      "a NSEC b CNAME RRSIG NSEC\n"
                      "a RRSIG CNAME 8 2 300 20300101000000 20200101000000 1 example. AAAA\n"))
            .empty());
}

TEST_CASE("Signatures, NSEC and KEY may stand beside a CNAME, but not NXT") {
  CHECK(load("a CNAME x.\na KEY 512 255 1 AQ==\n").ok());
  refuses("a CNAME x.\na NXT b CNAME NXT\n", "7: error: a.example. NXT: beside a CNAME");
}

TEST_CASE("A DS record belongs to the parent, not to the top of its own zone") {
  const std::string ds = fmt::format("DS 1 13 2 {:064}\n", 0);
  refuses(("@ " + ds).c_str(), "6: error: example. DS: at the top of the zone");
  CHECK(messages(load("d NS ns1\nd " + ds)).empty());
}

TEST_CASE("CDS and CDNSKEY records have the algorithm of a DNSKEY, or stand alone and take all keys away") {
  const std::string key = fmt::format("257 3 13 {:A<86}==\n", "");
  const std::string cds = fmt::format("@ CDS 1 13 2 {:064}\n", 0);
  const std::string otherCds = fmt::format("@ CDS 1 8 2 {:064}\n", 0);
  const std::string dnskey = "@ DNSKEY " + key;
  const std::string cdnskey = "@ CDNSKEY " + key;
  const std::string noCds = "@ CDS 0 0 0 00\n";
  const std::string noCdnskey = "@ CDNSKEY 0 3 0 AA==\n";
  for (const std::string& fitting : {dnskey + cds, dnskey + cdnskey, dnskey + cds + cdnskey, noCds + noCdnskey,
                                     dnskey + noCds, dnskey + noCdnskey, std::string("a ") + cds.substr(2)})
    CHECK_MESSAGE(messages(load(fitting)).empty(), fitting);
  refuses(cds.c_str(), "6: error: example. CDS: algorithm 13 is that of no DNSKEY here");
  refuses(cdnskey.c_str(), "6: error: example. CDNSKEY: algorithm 13 is that of no DNSKEY here");
  refuses((dnskey + otherCds).c_str(), "7: error: example. CDS: algorithm 8 is that of no DNSKEY here");
  refuses((dnskey + cds + otherCds).c_str(), "7: error: example. CDS: algorithm 8 is that of no DNSKEY here");
  refuses((dnskey + cds + noCds).c_str(), "7: error: example. CDS: the record that takes all keys away has others");
  refuses((dnskey + cdnskey + noCdnskey).c_str(), "7: error: example. CDNSKEY: the record that takes all keys away");
}

TEST_CASE("The SVCB record of a DNS server says what it speaks, and where, when that is HTTP") {
  const char* const lacking[] = {"_dns SVCB 1 ns1\n", "_DNS.x SVCB 1 ns1 port=853\n", "_853._dns SVCB 1 ns1\n"};
  for (const char* body : lacking) {
    const Lines lines = messages(load(body));
    REQUIRE_MESSAGE(lines.size() == 1, body);
    CHECK(lines[0].find("SVCB: without alpn no client knows what the server speaks") != std::string::npos);
  }
  warns("_dns SVCB 1 ns1 alpn=dot,h2\n", "6: warning: _dns.example. SVCB: offers HTTP without a dohpath");
  warns("_dns SVCB 1 ns1 alpn=h3\n", "6: warning: _dns.example. SVCB: offers HTTP without a dohpath");
  warns("_dns SVCB 1 ns1 alpn=dot\n_dns SVCB 2 ns1\n", "7: warning: _dns.example. SVCB: without alpn");
  CHECK(messages(load("_dns SVCB 1 ns1 alpn=dot\n"
                      "_dns.a SVCB 1 ns1 alpn=h2 dohpath=/q{?dns}\n"
                      "_dns.b SVCB 0 ns1\n"
                      "a._dns.c SVCB 1 ns1\n"
                      "www SVCB 1 ns1\n"))
            .empty());
}

TEST_CASE("A PTR record at an address names a host, save where domains for services are looked for") {
  const auto reverse = [](std::string_view body, const char* origin = "2.0.192.in-addr.arpa.") {
    return messages(parseZone("$TTL 1\n@ SOA a.x. b.x. 1 2 3 4 5\n@ NS a.x.\n" + std::string(body), Name(origin)));
  };
  CHECK(reverse("1 PTR a-1.x.\n2 PTR .\nb._dns-sd._udp PTR a_b.x.\nLB._DNS-SD._UDP.3 PTR a_b.x.\n").empty());
  const Lines expected{"4: warning: 1.2.0.192.in-addr.arpa. PTR: a_b.x. is not a host's name (RFC 1123 section 2.1)"};
  CHECK(reverse("1 PTR a_b.x.\n") == expected);
  for (const char* target : {"-a.x.", "a-.x.", "a.b\\032c.x."})
    CHECK_MESSAGE(reverse(fmt::format("1 PTR {}\n", target)).size() == 1, target);
  CHECK(reverse("x._dns-sd._udp PTR a_b.x.\n").size() == 1);
  CHECK(reverse("1 PTR a_b.x.\n", "8.b.d.0.1.0.0.2.ip6.arpa.").size() == 1);
  CHECK(reverse("1 PTR a_b.x.\n", "example.").empty());
}

TEST_CASE("Data outside the zone is left out with a warning") {
  warns("www.other. A 192.0.2.2\n", "6: warning: www.other. A: outside the zone example., left out");
  CHECK(load("www.other. A 192.0.2.2\n").zone->recordCount() == 3);
}

TEST_CASE("Records of another class refuse the zone") {
  refuses("a CH TXT x\n", "6: error: a.example. TXT: class CH, but the zone is of class IN");
}

TEST_CASE("A record that is there twice counts once, also when the case of a name differs") {
  warns("a A 192.0.2.2\na A 192.0.2.2\n", "7: warning: a.example. A: the same record is also in line 6");
  warns("a PTR Host.\na PTR hosT.\n", "7: warning: a.example. PTR: the same record is also in line 6");
  CHECK(load("a PTR Host.\na PTR hosT.\n").zone->node(Name("a.example.")).rrset(Type::PTR).data.count == 1);
  CHECK(messages(load("a TXT x\na TXT X\n")).empty());
}

TEST_CASE("An RRset has one TTL, that of its first record") {
  warns("a 9 A 192.0.2.2\na 7 A 192.0.2.1\n", "7: warning: a.example. A: TTL 7 differs from 9 in line 6");
  CHECK(load("a 9 A 192.0.2.2\na 7 A 192.0.2.1\n").zone->node(Name("a.example.")).rrset(Type::A).data.ttl == 9);
}

TEST_CASE("The zone's own name servers need addresses, and may not be aliases") {
  refuses("@ NS x\n", "6: error: example. NS x.example.: x.example. has no address record");
  refuses("@ NS x\nx CNAME ns1\n", "6: error: example. NS x.example.: x.example. is a CNAME");
  refuses("@ NS y.x\nx DNAME z.\n",
          "6: error: example. NS y.x.example.: y.x.example. is below the DNAME at x.example.");
  CHECK(messages(load("@ NS elsewhere.\n")).empty());
  ZoneLoadOptions lenient;
  lenient.checks.requireNsAddresses = false;
  CHECK(load("@ NS x\n", lenient).ok());
}

TEST_CASE("Missing glue and hosts without address draw a warning") {
  warns("d NS ns.d\n", "6: warning: d.example. NS ns.d.example.: ns.d.example. has no glue");
  warns("d NS x\n", "6: warning: d.example. NS x.example.: x.example. has no address record");
  warns("d NS x\nx CNAME ns1\n", "6: warning: d.example. NS x.example.: x.example. is a CNAME");
  warns("@ MX 1 x\n", "6: warning: example. MX 1 x.example.: x.example. has no address record");
  warns("a SRV 0 0 1 x\nx CNAME ns1\n", "6: warning: a.example. SRV 0 0 1 x.example.: x.example. is a CNAME");
  CHECK(messages(load("@ MX 1 x.w\n*.w A 192.0.2.2\n")).empty());
  // The host's address is in another zone.
  CHECK(messages(load("d NS ns.e\ne NS ns1\n")).empty());
}

TEST_CASE("A wildcard cannot be delegated") {
  refuses("*.d NS ns1\n", "6: error: *.d.example. NS: a wildcard cannot be delegated");
}

TEST_CASE("An RRSIG without its RRset, and other oddities, draw a warning") {
  warns("a TXT x\na RRSIG A 8 2 300 20300101000000 20200101000000 1 example. AAAA\n",
        "7: warning: a.example. RRSIG: covers A, which the name does not have");
  warns("d DNAME x.\nd NS ns1\n", "6: warning: d.example. DNAME: at a delegation");
  warns("*.d DNAME x.\n", "6: warning: *.d.example. DNAME: at a wildcard");
}

TEST_CASE("A name with more RRsets than a node can count refuses the zone") {
  ZoneBuilder builder(Name("example."));
  const std::vector<std::uint8_t> soa(22);
  builder.add(Name("example."), Type::SOA, 1, soa);
  const std::uint8_t root[] = {0};
  builder.add(Name("example."), Type::NS, 1, root);
  constexpr unsigned firstType = 256;  // those before it are questions, or none at all
  for (unsigned type = firstType; type <= UINT16_MAX; ++type) {
    std::vector<std::uint8_t> signature(20);
    storeU16(signature.data(), static_cast<std::uint16_t>(type));
    builder.add(Name("a.example."), static_cast<Type>(type), 1, root);
    builder.add(Name("a.example."), Type::RRSIG, 1, signature);
  }
  const ZoneBuild built = builder.build();
  CHECK(!built.zone);
  REQUIRE(built.diagnostics.size() == 1);
  CHECK(built.diagnostics[0].message == "a.example.: over 65535 RRsets at one name");
}

TEST_CASE("Messages name the file and line of each record, however files and lines jump") {
  ZoneBuilder builder(Name("example."));
  const std::vector<std::uint8_t> soa(22);
  const std::uint8_t root[] = {0};
  builder.add(Name("example."), Type::SOA, 1, soa);
  builder.add(Name("example."), Type::NS, 1, root);
  const std::uint32_t lines[] = {1, 4'000'000'000, 2, 70'000, 69'999, 3, 128, 127};
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < std::size(lines); ++i) {
    const auto file = std::make_shared<const std::string>(fmt::format("file{}", i / 3));
    const Name owner(fmt::format("{}.example.", i));
    builder.add(owner, Type::SOA, 1, soa, {file, lines[i]});
    expected.push_back(fmt::format("file{}:{}: error: {} SOA: not at the top of the zone example.", i / 3, lines[i],
                                   owner.toString()));
  }
  std::vector<std::string> texts;
  for (const Diagnostic& diagnostic : builder.build().diagnostics) texts.push_back(diagnostic.toString());
  CHECK(texts == expected);
}

TEST_CASE("Messages are limited in number, and the rest is counted") {
  std::string body;
  for (int i = 0; i < 300; ++i) body += "x.other. A 192.0.2.1\n";
  const Lines lines = messages(load(body));
  CHECK(lines.size() == 101);
  CHECK(lines.back() == "warning: 200 more messages are not shown");
}

TEST_CASE("Without an origin the owner of the SOA names the zone") {
  const ZoneLoad loaded = parseZone("$ORIGIN example.net.\n@ 1 SOA a.x. b.x. 1 2 3 4 5\n@ 1 NS a.x.\n");
  REQUIRE(loaded.ok());
  CHECK(loaded.zone->origin() == Name("example.net."));
  CHECK(!parseZone("").ok());
}

}  // namespace zone_checks_test
