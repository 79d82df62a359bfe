#include <doctest/doctest.h>

#include <array>
#include <string>

#include "rdata_support.hpp"
#include "taut/dns/rdata.hpp"

namespace rdata_text_test {

using namespace taut;

namespace {

struct Refusal {
  Type type;
  std::string_view text;
  std::size_t token;  // the word at fault
};

// Each is wrong in one word, which the error has to name; the number of words stands for one that is missing.
constexpr Refusal refusals[] = {
    {Type::A, "", 0},
    {Type::A, "192.0.2.256", 0},
    {Type::A, "192.0.2", 0},
    {Type::A, "192.0.2.01", 0},
    {Type::A, "192.0.2.1 192.0.2.2", 1},
    {Type::A, "\"192.0.2.1\"", 0},
    {Type::AAAA, "::fffff", 0},
    {Type::AAAA, "0:0:0:0:0:0:0", 0},
    {Type::AAAA, "1::2::3", 0},
    {Type::NS, "", 0},
    {Type::NS, "a..b", 0},
    {Type::NS, ".a", 0},
    {Type::NS, "\\25", 0},
    {Type::NS, "\\256.", 0},
    {Type::NS, "1234567890123456789012345678901234567890123456789012345678901234.", 0},
    {Type::NS, "a. b.", 1},
    {Type::SOA, "a. b. 1h 1 1 1 1", 2},
    {Type::SOA, "a. b. 4294967296 1 1 1 1", 2},
    {Type::SOA, "a. b. 1 1h30 1 1 1", 3},
    {Type::SOA, "a. b. 1 1 7102w 1 1", 4},
    {Type::SOA, "a. b. 1 1 1 1", 6},
    {Type::MX, "65536 a.", 0},
    {Type::MX, "-1 a.", 0},
    {Type::MX, "10", 1},
    {Type::TXT, "", 0},
    {Type::TXT, "a \\256", 1},
    {Type::TXT, "a \\25", 1},
    {Type::TXT, "a \\", 1},
    {Type::HINFO, "a", 1},
    {Type::HINFO, "a b c", 2},
    {Type::WKS, "10.0.0.1", 1},
    {Type::WKS, "10.0.0.1 TCPX", 1},
    {Type::WKS, "10.0.0.1 TCP nosuch", 2},
    {Type::WKS, "10.0.0.1 TCP 65536", 2},
    {Type::X25, "123", 0},
    {Type::X25, "12a4", 0},
    {Type::ISDN, "1 2 3", 2},
    {Type::NSAP, "4700", 0},
    {Type::NSAP, "0x470", 0},
    {Type::ATMA, "+12a", 0},
    {Type::ATMA, "123", 0},
    {Type::GPOS, "1 2", 2},
    {Type::LOC, "91 N 0 E 0", 0},
    {Type::LOC, "90 0 0.001 N 0 E 0", 2},
    {Type::LOC, "0 60 N 0 E 0", 1},
    {Type::LOC, "0 0 60 N 0 E 0", 2},
    {Type::LOC, "0 N 181 E 0", 2},
    {Type::LOC, "0 N 0 X 0", 3},
    {Type::LOC, "0 N 0 E", 4},
    {Type::LOC, "0 N 0 E -100000.01", 4},
    {Type::LOC, "0 N 0 E 42849672.96", 4},
    {Type::LOC, "0 N 0 E 0 90000000.01", 5},
    {Type::LOC, "0 N 0 E 0 1 1 1.001", 7},
    {Type::LOC, "0 N 0 E 0 1 1 1 1", 8},
    {Type::NXT, "a. A TYPE128", 2},
    {Type::SRV, "0 0 65536 a.", 2},
    {Type::NAPTR, "0 0 a b c", 5},
    {Type::CERT, "NOSUCH 0 0 AA==", 0},
    {Type::CERT, "PKIX 0 256 AA==", 2},
    {Type::CERT, "PKIX 0 0", 3},
    {Type::A6, "129 ::", 0},
    {Type::A6, "64 ::", 2},
    {Type::APL, "1:192.0.2.0/33", 0},
    {Type::APL, "1:192.0.2.0/24 3:192.0.2.0/24", 1},
    {Type::APL, "2:192.0.2.0/24", 0},
    {Type::APL, "1:192.0.2.0/", 0},
    {Type::APL, "1:192.0.2.0", 0},
    {Type::DS, "1 8 2 00", 3},
    {Type::DS, "1 8 1 2BB183AF5F22588179A53B0A98631FAD1A29211800", 3},
    {Type::DS, "1 8 99 0", 3},
    {Type::DS, "1 8 99 00 0g", 4},
    {Type::DS, "1 8 99", 3},
    {Type::DS, "65536 8 2 00", 0},
    {Type::DS, "1 NOSUCH 2 00", 1},
    {Type::SSHFP, "1 1 00", 2},
    {Type::SSHFP, "1 2 00", 2},
    {Type::SSHFP, "1 1", 2},
    {Type::IPSECKEY, "10 4 2 . AQID", 1},
    {Type::IPSECKEY, "10 0 2 a. AQID", 3},
    {Type::IPSECKEY, "10 1 2 2001:db8:: AQID", 3},
    {Type::IPSECKEY, "10 1 2 192.0.2.1", 4},
    {Type::RRSIG, "NOSUCH 8 1 1 0 0 0 a. AQID", 0},
    {Type::RRSIG, "A 8 1 1h 0 0 0 a. AQID", 3},
    {Type::RRSIG, "A 8 1 1 20260229000000 0 0 a. AQID", 4},
    {Type::RRSIG, "A 8 1 1 0 20260101240000 0 a. AQID", 5},
    {Type::RRSIG, "A 8 1 1 0 4294967296 0 a. AQID", 5},
    {Type::RRSIG, "A 8 1 1 0 0 0 a.b. AQID", 7},
    {Type::RRSIG, "A 8 1 1 0 0 0 a.", 8},
    {Type::NSEC, "a.", 1},
    {Type::NSEC, "a. A NOSUCH", 2},
    {Type::NSEC, "a. TYPE65536", 1},
    {Type::DNSKEY, "256 3 8", 3},
    {Type::DNSKEY, "256 3 8 A===", 3},
    {Type::DNSKEY, "256 3 8 AB==", 3},
    {Type::DNSKEY, "256 3 8 AA== AA==", 4},
    {Type::DNSKEY, "256 3 8 AA= =A", 4},
    {Type::DNSKEY, "256 3 8 AQ ID A", 5},
    {Type::DNSKEY, "256 3 8 \\# 1 00", 3},
    {Type::KEY, "NOKEY|NOCONF 3 8 AQID", 0},
    {Type::KEY, "256 3 8", 3},
    {Type::RKEY, "1 0 0 AQID", 0},
    {Type::NSEC3, "1 0 0 a B4UM86EGHHDS6NEA196SMVMLO4ORS995", 3},
    {Type::NSEC3, "1 0 0 - B4UM86EGHHDS6NEA196SMVMLO4ORS99W", 4},
    {Type::NSEC3, "1 0 0 - 1", 4},
    {Type::NSEC3, "1 0 0 - 12", 4},
    {Type::NSEC3, "1 0 0 - 00======", 4},
    {Type::NSEC3PARAM, "1 0 65536 -", 2},
    {Type::NSEC3PARAM, "1 0 0 - -", 4},
    {Type::TLSA, "0 0 1", 3},
    {Type::TLSA, "0 256 1 00", 1},
    {Type::HIP, "2 xx AQID", 1},
    {Type::HIP, "2 20 AQI", 2},
    {Type::HIP, "2 20 AQID a..b", 3},
    {Type::CSYNC, "4294967296 0", 0},
    {Type::CSYNC, "0 65536", 1},
    {Type::ZONEMD, "1 1 1 000000000000000000000000", 3},
    {Type::ZONEMD, "1 1 240 0000000000000000000000", 3},
    {Type::SVCB, "1", 1},
    {Type::SVCB, "65536 .", 0},
    {Type::SVCB, "1 . bogus", 2},
    {Type::SVCB, "1 . PORT=53", 2},
    {Type::SVCB, "1 . key065=x", 2},
    {Type::SVCB, "1 . port=53 port=54", 3},
    {Type::SVCB, "1 . port=65536", 2},
    {Type::SVCB, "1 . port=1,2", 2},
    {Type::SVCB, "1 . key3=x", 2},
    {Type::SVCB, "1 . alpn=", 2},
    {Type::SVCB, "1 . alpn=a,,b", 2},
    {Type::SVCB, "1 . alpn=a\\\\b", 2},
    {Type::SVCB, "1 . alpn=h2 no-default-alpn=1", 3},
    {Type::SVCB, "1 . no-default-alpn", 2},
    {Type::SVCB, "1 . ipv4hint=192.0.2.1,", 2},
    {Type::SVCB, "1 . ipv6hint=192.0.2.1", 2},
    {Type::SVCB, "1 . ech=", 2},
    {Type::SVCB, "1 . dohpath=/dns-query", 2},
    {Type::SVCB, "1 . ohttp=", 2},
    {Type::SVCB, "1 . mandatory=mandatory", 2},
    {Type::SVCB, "1 . mandatory=port,port port=1", 2},
    {Type::SVCB, "1 . mandatory=port", 2},
    {Type::DSYNC, "CDS NOSUCH 53 a.", 1},
    {Type::NID, "10 0014:4fff:ff20", 1},
    {Type::L64, "10 2001:0db8:1140:1000:0", 1},
    {Type::L64, "10 2001:0db8:1140:g000", 1},
    {Type::EUI48, "00-00-5e-00-53", 0},
    {Type::EUI48, "00-00-5e-00-53-2a-00", 0},
    {Type::EUI48, "00:00:5e:00:53:2a", 0},
    {Type::EUI64, "00-00-5e-ef-10-00-00-2", 0},
    {Type::TSIG, "a. 1 300 2 AQID 0 0 0", 3},
    {Type::TSIG, "a. 281474976710656 300 0 0 0 0", 1},
    {Type::TSIG, "a. 1 300 0 0 NOSUCH 0", 5},
    {Type::TKEY, "a. 0 0 3 0 3", 6},
    {Type::URI, "10 1", 2},
    {Type::URI, "10 1 a b", 3},
    {Type::CAA, "256 issue a", 0},
    {Type::CAA, "0 is-sue a", 1},
    {Type::CAA, "0 \"\" a", 1},
    {Type::CAA, "0 issue", 2},
    {Type::DOA, "1 2 3 \"\"", 4},
    {Type::AMTRELAY, "10 2 0 .", 1},
    {Type::AMTRELAY, "10 0 4 .", 2},
    {Type::AMTRELAY, "10 0 1 .", 3},
    {Type::IPN, "18446744073709551616", 0},
    {Type::NULL_, "abc", 0},
    {Type::OPT, "", 0},
    {static_cast<Type>(65280), "abc", 0},
    {static_cast<Type>(65280), "", 0},
    {static_cast<Type>(65280), "\\#", 1},
    {static_cast<Type>(65280), "\\# 2 00", 1},
    {static_cast<Type>(65280), "\\# 1 0000", 1},
    {static_cast<Type>(65280), "\\# 1 0", 2},
    {static_cast<Type>(65280), "\\# 1 00 x", 3},
    {static_cast<Type>(65280), "\\# 65536 00", 1},
    {Type::A, "\\# 3 000000", 2},
    {Type::A, "\\# 0", 1},
    {Type::NS, "\\# 2 c000", 2},
    {Type::NSEC, "\\# 4 00000100", 2},
    {Type::APL, "\\# 8 0001080401000000", 2},
    {Type::LOC, "\\# 16 00000000000000000000000000000000", 2},
    {Type::DS, "\\# 5 0001080200", 2},
};

// A word with all but the last of the octets that a run of RDATA can have.
std::string repeated(std::string_view text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

}  // namespace

TEST_CASE("Text that is wrong is refused, and the error names the word at fault") {
  for (const Refusal& refusal : refusals) {
    const ParsedRdata parsed = parse(refusal.type, refusal.text);
    CAPTURE(toString(refusal.type));
    CAPTURE(refusal.text);
    REQUIRE(parsed.error.has_value());
    CHECK(parsed.error->token == refusal.token);
    CHECK_FALSE(parsed.error->message.empty());
  }
}

TEST_CASE("An error says what is wrong and what was expected") {
  CHECK(wireOf(Type::MX, "70000 a.") == "word 0: '70000': expected a number from 0 to 65535");
  CHECK(wireOf(Type::A, "192.0.2.999") == "word 0: '192.0.2.999': expected an IPv4 address");
  CHECK(wireOf(Type::MX, "10") == "word 1: missing data: expected a domain name");
  CHECK(wireOf(Type::NS, "a..b") == "word 0: 'a..b' is not a domain name: empty label");
  CHECK(wireOf(Type::NS, "a. b.") == "word 1: 'b.': expected nothing more, the data of NS is complete");
}

TEST_CASE("Relative names in RDATA are completed by the origin") {
  CHECK(wireOf(Type::NS, "ns", "example.") == "026e73076578616d706c6500");
  CHECK(wireOf(Type::NS, "@", "example.") == "076578616d706c6500");
  CHECK(wireOf(Type::NS, "\\@", "example.") == "0140076578616d706c6500");
  CHECK(wireOf(Type::NS, "a\\.b.", "example.") == "03612e6200");
  CHECK(wireOf(Type::NS, ".", "example.") == "00");
  CHECK(wireOf(Type::MX, "1 mail", "example.") == "0001046d61696c076578616d706c6500");
}

TEST_CASE("A name in RDATA has at most 255 octets, the origin counted") {
  const std::string label = repeated("a", 63);
  const std::string longest = label + "." + label + "." + label + "." + repeated("a", 61) + ".";
  CHECK(parse(Type::NS, longest).octets.size() == 255);
  CHECK(parse(Type::NS, "a" + longest).error.has_value());
  CHECK(parse(Type::NS, longest.substr(0, 253)).octets.size() == 255);
  CHECK(parse(Type::NS, longest.substr(0, 253), "b.").error.has_value());
  CHECK(parse(Type::NS, longest.substr(0, 251), "b.").octets.size() == 255);
  CHECK(parse(Type::NS, repeated("\\097", 64) + ".").error.has_value());
  CHECK(parse(Type::NS, repeated("\\097", 63) + ".").octets.size() == 65);
}

TEST_CASE("A character string has at most 255 octets, escapes resolved") {
  CHECK(parse(Type::TXT, repeated("x", 255)).octets.size() == 256);
  CHECK(parse(Type::TXT, repeated("x", 256)).error.has_value());
  CHECK(parse(Type::TXT, repeated("\\120", 255)).octets.size() == 256);
  CHECK(parse(Type::TXT, repeated("\\120", 256)).error.has_value());
  CHECK(parse(Type::CAA, "0 issue " + repeated("x", 300)).octets.size() == 2 + 5 + 300);
}

TEST_CASE("RDATA has at most 65535 octets") {
  CHECK(parse(Type::URI, "1 1 " + repeated("x", 65531)).octets.size() == 65535);
  CHECK(parse(Type::URI, "1 1 " + repeated("x", 65532)).error.has_value());
  CHECK(parse(Type::TXT, repeated("x ", 32768)).error.has_value());
  CHECK(parse(Type::OPENPGPKEY, repeated("AAAA", 21845)).octets.size() == 65535);
  CHECK(parse(Type::OPENPGPKEY, repeated("AAAA", 21846)).error.has_value());
}

TEST_CASE("RDATA that its buffer cannot hold is refused") {
  for (const std::string_view text : {"192.0.2.1", "\\# 4 00000000"}) {
    const Words words(text);
    std::array<std::uint8_t, 3> small{};
    ByteWriter writer{MutableByteSpan(small)};
    CHECK(parseRdata(Type::A, Class::IN, words.tokens(), {}, writer).has_value());
  }
}

TEST_CASE("Hexadecimal and base64 may be cut into words anywhere") {
  CHECK(wireOf(Type::TLSA, "0 0 0 0 1020 3") ==
        "00000001"
        "0203");
  CHECK(wireOf(Type::DNSKEY, "0 0 0 A Q I D") == "00000000010203");
  CHECK(wireOf(Type::DNSKEY, "0 0 0 AQI DBA =  =") == "0000000001020304");
  CHECK(wireOf(static_cast<Type>(65280), "\\# 3 0 102 03") == "010203");
}

TEST_CASE("Known types may be named by mnemonics in any case") {
  CHECK(wireOf(Type::NSEC, "a. a Type1 nsec3") == "016100000740000000000020");
  CHECK(wireOf(Type::DS, "1 rsasha256 99 00") == "0001086300");
  CHECK(wireOf(Type::CERT, "pkix 0 0 AA==") == "000100000000");
  CHECK(wireOf(Type::KEY, "0xc000 3 8") == "c0000308");
}

TEST_CASE("Numbers of types stand in bitmaps of every window") {
  CHECK(wireOf(Type::CSYNC, "0 0 TYPE0 TYPE256 TYPE512 TYPE32768") ==
        "000000000000"
        "000180"
        "010180"
        "020180"
        "800180");
  CHECK(wireOf(Type::CSYNC, "0 0 TYPE65535 A A") ==
        "000000000000"
        "000140"
        "ff20" +
            repeated("00", 31) + "01");
}

TEST_CASE("Times are dates of the calendar or seconds, modulo 2^32") {
  const auto expiration = [](std::string_view time) {
    const ParsedRdata parsed = parse(Type::RRSIG, fmt::format("A 8 1 1 {} 0 0 a. AQID", time));
    REQUIRE_FALSE(parsed.error.has_value());
    return loadU32(&parsed.octets[8]);
  };
  CHECK(expiration("19700101000000") == 0);
  CHECK(expiration("20000229235959") == 951868799);
  CHECK(expiration("20260101000000") == 1767225600);
  CHECK(expiration("21060207062815") == 4294967295);
  CHECK(expiration("21060207062816") == 0);  // RFC 4034 section 3.1.5
  CHECK(expiration("4294967295") == 4294967295);
}

TEST_CASE("Class CH has addresses of its own kind, which only the generic form tells") {
  CHECK(parse(Type::A, "192.0.2.1", ".", Class::CH).error.has_value());
  CHECK(toHex(parse(Type::A, "\\# 5 016100000F", ".", Class::CH).octets) == "016100000f");
  CHECK(toHex(parse(Type::A, "192.0.2.1", ".", Class::HS).octets) == "c0000201");
}

TEST_CASE("A quoted word is never the mark of the generic form") {
  CHECK(wireOf(Type::TXT, "\"\\#\" 1 00") ==
        "0123"
        "0131"
        "023030");
}

TEST_CASE("RDATA that its type's text cannot tell is printed in the generic form") {
  const std::array<std::pair<Type, std::string_view>, 7> cases = {{
      {Type::WKS, "0a000001060100"},       // a bitmap that ends in an empty octet
      {Type::AMTRELAY, "0a04aabb"},        // a relay type without a form
      {Type::APL, "0003080101"},           // an address family without a form
      {Type::LOC, "01aa"},                 // a version without a form
      {Type::SVCB, "00010000020000"},      // no-default-alpn without alpn
      {Type::SVCB, "000100000000020003"},  // a mandatory key that is missing
      {Type::NXT, "0080"},                 // a bitmap of the other format
  }};
  for (const auto& [type, wire] : cases) {
    CAPTURE(toString(type));
    CHECK(validRdata(type, fromHex(wire)));
    const std::string text = textOf(type, fromHex(wire));
    CHECK(text.starts_with("\\# "));
    CHECK(wireOf(type, text) == wire);
  }
  CHECK(textOf(Type::SVCB, fromHex("000100000700022f78")) == "1 . key7=\"/x\"");
  CHECK(wireOf(Type::SVCB, "1 . key7=\"/x\"") == "000100000700022f78");
}

TEST_CASE("RDATA of an unknown type is printed in the generic form") {
  CHECK(textOf(static_cast<Type>(65280), fromHex("abcdef")) == "\\# 3 ABCDEF");
  CHECK(textOf(static_cast<Type>(65280), {}) == "\\# 0");
  CHECK(textOf(Type::A, fromHex("c00002")) == "\\# 3 C00002");
  CHECK(textOf(Type::APL, {}) == "");
}

}  // namespace rdata_text_test
