// Texts at the edge of what each type's document allows. The integration test "rdata" holds the same kinds of text to
// what named-rrchecker says.
#include <doctest/doctest.h>

#include <string>

#include "rdata_support.hpp"
#include "taut/dns/rdata.hpp"

namespace rdata_rfc_test {

using namespace taut;

namespace {

struct Text {
  std::string_view text;
  std::string_view wire;  // empty: the text is wrong
};

template <std::size_t count>
void check(Type type, const Text (&texts)[count]) {
  for (const Text& one : texts) {
    CAPTURE(toString(type));
    CAPTURE(one.text);
    const ParsedRdata parsed = parse(type, one.text);
    CHECK(parsed.error.has_value() == one.wire.empty());
    if (parsed.error || one.wire.empty()) continue;
    CHECK(toHex(parsed.octets) == one.wire);
    CHECK(validRdata(type, parsed.octets));
    CHECK(wireOf(type, textOf(type, parsed.octets)) == one.wire);
  }
}

}  // namespace

TEST_CASE("Dots in ATMA addresses stand between two digits (af-saa-0069)") {
  check(Type::ATMA, {
                        {"00", "0000"},
                        {"0.0", "0000"},
                        {"1.2.3.4", "001234"},
                        {"39.246f.000e.0001", "0039246f000e0001"},
                        {"+61200000000", "013631323030303030303030"},
                        {"+61.2.0000.0000", "013631323030303030303030"},
                        {"0..0", ""},
                        {"00.", ""},
                        {".00", ""},
                        {".", ""},
                        {"000", ""},
                        {"+", ""},
                        {"+.", ""},
                        {"+61200000000.", ""},
                        {"+612..00000000", ""},
                        {"+.61200000000", ""},
                        {"+6a", ""},
                        {"\"\"", ""},
                    });
}

TEST_CASE("The data of DOA is base64, or an unquoted dash for none (draft-durand-doa-over-dns section 3.3)") {
  check(Type::DOA, {
                       {"1 2 3 \"\" -", "00000001000000020300"},
                       {"1 2 3 - -", "000000010000000203012d"},
                       {"1 2 3 text/plain Zm9v", "0000000100000002030a746578742f706c61696e666f6f"},
                       {"1 2 3 text/plain Zm 9v", "0000000100000002030a746578742f706c61696e666f6f"},
                       {"1 2 3 \"\" \"-\"", ""},
                       {"1 2 3 \"\" \"Zm9v\"", ""},
                       {"1 2 3 \"\" \"\"", ""},
                       {"1 2 3 \"\" - -", ""},
                       {"1 2 3 \"\" Zm9v -", ""},
                       {"1 2 3 \"\"", ""},
                   });
}

TEST_CASE("A KEY of a private algorithm begins with what names the algorithm (RFC 2535 3.2, RFC 4034 A.1.1)") {
  check(Type::KEY, {
                       {"0 0 253 B2V4YW1wbGUA", "000000fd076578616d706c6500"},
                       {"0 0 PRIVATEDNS B2V4YW1wbGUAAA==", "000000fd076578616d706c650000"},
                       {"0 0 254 CQYHKwYBBAGTPw==", "000000fe0906072b06010401933f"},
                       {"0 0 PRIVATEOID CQYHKwYBBAGTPwA=", "000000fe0906072b06010401933f00"},
                       {"0xC000 3 253", "c00003fd"},
                       {"0xC000 3 254", "c00003fe"},
                       {"0 0 252 wAAA", "000000fcc00000"},
                       {"0 0 253 wAAA", ""},              // a compression pointer
                       {"0 0 253 B2V4YW1wbGU=", ""},      // a name without an end
                       {"0 0 254 AA==", ""},              // no identifier
                       {"0 0 254 CQYHKwYBBAGTvwA=", ""},  // its last number has no end
                       {"0 0 254 CQcHKwYBBAGTPwA=", ""},  // another tag
                       {"0 0 254 CgYHKwYBBAGTPw==", ""},  // longer than the key
                       {"0 0 254 CQYGKwYBBAGTPw==", ""},  // lengths that disagree
                       {"0 0 254 BAYCgAE=", ""},          // a number that begins with a zero digit
                       {"0 0 254 BQYDK4AB", ""},          // the same after another number
                       {"0 0 254 AgYA", ""},              // an identifier without a number
                   });
}

TEST_CASE("Seconds and metres of LOC may leave out the digits on one side of the point (RFC 1876 section 3)") {
  constexpr std::string_view origin = "00121613800000008000000000989680";
  check(Type::LOC, {
                       {"0 N 0 E 0", origin},
                       {"0 0 0. N 0 0 .0 E 0", origin},
                       {"0 N 0 E 0.", origin},
                       {"0 N 0 E .0", origin},
                       {"0 N 0 E 0.m 1.m 10000.m 10.m", origin},
                       {"0 0 1.5 N 0 0 .5 E -.5", "00121613800005dc800001f40098964e"},
                       {"0 N 0 E 0 .1", "00111613800000008000000000989680"},
                       {"0 0 . N 0 E 0", ""},
                       {"0 N 0 E .", ""},
                       {"0 N 0 E .m", ""},
                       {"0 N 0 E m", ""},
                       {"0 N 0 E -", ""},
                       {"0 N 0 E -m", ""},
                       {"0 N 0 E 0 .", ""},
                       {"0 N 0 E 0 m", ""},
                       {"0 N 0 E 0 0 .", ""},
                       {"0 N 0 E 0 0 0 .", ""},
                       {"0. N 0 E 0", ""},
                       {"0 .0 N 0 E 0", ""},
                       {"0 0 0.0000 N 0 E 0", ""},
                       {"0 0 60. N 0 E 0", ""},
                       {"0 0 1..5 N 0 E 0", ""},
                   });
}

TEST_CASE("SSHFP of an unknown kind may be without data, of a known one never (RFC 4255 3.1, RFC 6594 3)") {
  check(Type::SSHFP, {
                         {"0 0", "0000"},
                         {"1 3", "0103"},
                         {"99 99 00", "636300"},
                         {"1 1", ""},
                         {"1 2", ""},
                         {"1 1 00", ""},
                         {"1 3 \"\"", ""},
                         {"1 3 0", ""},
                         {"0", ""},
                         {"\\# 2 0163", "0163"},
                         {"\\# 2 0101", ""},
                     });
}

TEST_CASE("The SVCB parameter dohpath is a URI template with the variable dns (RFC 9461 section 5, RFC 6570)") {
  const auto isRight = [](std::string_view path) {
    const ParsedRdata parsed = parse(Type::SVCB, fmt::format("1 . dohpath=\"{}\"", path));
    if (parsed.error) return false;
    CHECK(textOf(Type::SVCB, parsed.octets).starts_with("1 . dohpath=\"/"));
    return true;
  };
  for (const std::string_view path :
       {"/{dns}",      "/{+dns}",     "/{#dns}",          "/{.dns}",      "/{/dns}",           "/{;dns}",
        "/{?dns}",     "/{&dns}",     "/dns-query{?dns}", "/q?a=b{&dns}", "/q?a=b{&dns,x*}",   "/{dns:1}",
        "/{dns:9999}", "/{dns*}",     "/{?dns:30}",       "/{?a,dns}",    "/{a}{?dns}",        "/{?a_1,dns}",
        "/{?a.b,dns}", "/q%20{?dns}", "/{?%64ns,dns}",    "//host{?dns}", "/q\\195\\164{?dns}"}) {
    CAPTURE(path);
    CHECK(isRight(path));
  }
  for (const std::string_view path : {"",           "/",           "{?dns}",        "q{?dns}",       "https://a/{?dns}",
                                      "/dns-query", "/{}",         "/{}{dns}",      "/{dns}{}",      "/{dns",
                                      "/{?dns}{",   "/{{dns}}",    "/{?DNS}",       "/{?dnsx}",      "/{dns:10000}",
                                      "/{dns:0}",   "/{dns:01}",   "/{dns:}",       "/{dns:a}",      "/{dns**}",
                                      "/{dns*:1}",  "/{??dns}",    "/{=dns}",       "/{|a}{dns}",    "/{dns,}",
                                      "/{,dns}",    "/{?a-b,dns}", "/{?a..b,dns}",  "/{?.a,dns}",    "/{?a.,dns}",
                                      "/%a{?dns}",  "/%{?dns}",    "/{?dns}%",      "/{?dns}%2",     "/{?dns}%2g",
                                      "/{?dns,%a}", "/{?d%64ns}",  "/q\\255{?dns}", "/q\\195{?dns}", "/{?dns}\\195"}) {
    CAPTURE(path);
    CHECK_FALSE(isRight(path));
  }
}

TEST_CASE("A ZONEMD digest has its algorithm's length in all but private schemes, and 12 octets at least (RFC 8976)") {
  const auto isRight = [](int scheme, int algorithm, std::size_t size) {
    const std::string digest(2 * size, '0');
    const ParsedRdata parsed = parse(Type::ZONEMD, fmt::format("1 {} {} {}", scheme, algorithm, digest));
    if (!parsed.error) CHECK(validRdata(Type::ZONEMD, parsed.octets));
    const std::string wire = fmt::format("00000001{:02x}{:02x}{}", scheme, algorithm, digest);
    CHECK(validRdata(Type::ZONEMD, fromHex(wire)) == !parsed.error);
    return !parsed.error;
  };
  for (const int scheme : {0, 1, 2, 239, 255}) {
    CAPTURE(scheme);
    CHECK(isRight(scheme, 1, 48));
    CHECK(isRight(scheme, 2, 64));
    CHECK(isRight(scheme, 3, 12));
    CHECK(isRight(scheme, 240, 13));
    for (const std::size_t size : {11, 12, 47, 49, 64}) CHECK_FALSE(isRight(scheme, 1, size));
    for (const std::size_t size : {11, 12, 48, 63, 65}) CHECK_FALSE(isRight(scheme, 2, size));
    CHECK_FALSE(isRight(scheme, 0, 11));
    CHECK_FALSE(isRight(scheme, 255, 11));
  }
  for (const int scheme : {240, 241, 254}) {  // appendix A.3 has 20 octets in scheme 241
    CAPTURE(scheme);
    for (const std::size_t size : {12, 20, 48, 64}) CHECK((isRight(scheme, 1, size) && isRight(scheme, 2, size)));
    for (const std::size_t size : {1, 11}) CHECK_FALSE((isRight(scheme, 1, size) || isRight(scheme, 2, size)));
  }
}

TEST_CASE("An NSEC3 hash has SHA-1's 20 octets, or as many of another algorithm as fit a label (RFC 5155 3 and 11)") {
  check(Type::NSEC3,
        {
            {"1 0 10 - 00000000000000000000000000000000", "0100000a00140000000000000000000000000000000000000000"},
            {"1 0 10 AABB 00000000000000000000000000000000 A",
             "0100000a02aabb140000000000000000000000000000000000000000000140"},
            {"2 0 10 - 00", "0200000a000100"},
            {"1 0 10 - 00", ""},
            {"1 0 10 AABB 00", ""},
            {"1 0 10 - 000000000000000000000000000000", ""},
            {"1 0 10 - 0000000000000000000000000000000000", ""},
            {"\\# 7 0100000A000100", ""},
            {"\\# 9 0100000A02AABB0100", ""},
        });
  CHECK(parse(Type::NSEC3, "2 0 10 - " + std::string(63, '0')).octets.size() == 6 + 39);
  CHECK(parse(Type::NSEC3, "2 0 10 - " + std::string(64, '0')).error.has_value());
}

TEST_CASE("NXT lists types by mnemonic or by number, from 1 to 127 (RFC 2535 section 5.3)") {
  check(Type::NXT, {
                       {"a.", "016100"},
                       {"a. A NS", "01610060"},
                       {"a. 1 2", "01610060"},
                       {"a. A 5 NS", "01610064"},
                       {"a. 01", "01610040"},
                       {"a. TYPE1", "01610040"},
                       {"a. 127", "01610000000000000000000000000000000001"},
                       {"a. 0", ""},
                       {"a. TYPE0", ""},
                       {"a. 128", ""},
                       {"a. 65536", ""},
                       {"a. 1x", ""},
                       {"a. \"1\"", ""},
                   });
  CHECK(parse(Type::NSEC, "a. 1").error.has_value());  // RFC 4034 section 4.2 has mnemonics alone
}

TEST_CASE("The times of SOA are TTLs: seconds, or numbers with units") {
  const auto refresh = [](std::string_view text) {
    const ParsedRdata parsed = parse(Type::SOA, fmt::format("a. b. 1 {} 1 1 1", text));
    return parsed.error ? "wrong" : toHex(ByteSpan(parsed.octets).subspan(10, 4));
  };
  CHECK(refresh("1h30m") == "00001518");
  CHECK(refresh("1H") == "00000e10");
  CHECK(refresh("1m1h") == "00000e4c");
  CHECK(refresh("00000000001") == "00000001");
  CHECK(refresh("4294967295") == "ffffffff");
  CHECK(refresh("7101w") == "fffbb080");
  for (const char* text : {"1h30", "h", "1hm", "1x", "4294967296", "7102w", "0x1", "-1", "\"1\""}) {
    CAPTURE(text);
    CHECK(refresh(text) == "wrong");
  }
}

}  // namespace rdata_rfc_test
