#include <doctest/doctest.h>

#include <string>

#include "rdata_support.hpp"
#include "rdata_vectors.hpp"
#include "taut/dns/rdata.hpp"

namespace rdata_wire_test {

using namespace taut;

namespace {

// A message with "example." at offset 12 and RDATA at offset 21. "c00c" is a pointer to the name.
constexpr std::size_t rdataAt = 21;

std::string decompressed(Type type, std::string_view rdataHex, std::size_t length, std::string_view after = "") {
  const std::string hex = std::string(24, '0') + "076578616d706c6500" + std::string(rdataHex) + std::string(after);
  const std::vector<std::uint8_t> message = fromHex(hex);
  std::vector<std::uint8_t> buffer(maxRdataSize);
  ByteWriter writer{MutableByteSpan(buffer)};
  return decompressRdata(type, message, rdataAt, length, writer) ? toHex(writer.written()) : "malformed";
}

std::string decompressed(Type type, std::string_view rdataHex) {
  return decompressed(type, rdataHex, rdataHex.size() / 2);
}

std::string canonical(Type type, std::string_view text) {
  std::vector<std::uint8_t> octets = parse(type, text).octets;
  canonicaliseRdata(type, octets);
  return textOf(type, octets);
}

std::string additional(Type type, std::string_view text) {
  const std::vector<std::uint8_t> octets = parse(type, text).octets;
  const auto name = additionalName(type, octets);
  return name ? name->toString() : "none";
}

constexpr std::string_view example = "076578616d706c6500";

}  // namespace

TEST_CASE("RDATA without pointers is copied out of a message as it is") {
  for (const RdataVector& vector : rdataVectors) {
    CAPTURE(toString(vector.type));
    CHECK(decompressed(vector.type, vector.wire) == vector.wire);
    CHECK(decompressed(vector.type, vector.wire, vector.wire.size() / 2, "ffffffff") == vector.wire);
  }
}

TEST_CASE("Pointers are followed in the types of RFC 1035 and in those that RFC 3597 section 4 adds") {
  const std::string name(example);
  for (const Type type : {Type::NS, Type::MD, Type::MF, Type::CNAME, Type::MB, Type::MG, Type::MR, Type::PTR}) {
    CAPTURE(toString(type));
    CHECK(decompressed(type, "c00c") == name);
    CHECK(decompressed(type, "0161c00c") == "0161" + name);
  }
  for (const Type type : {Type::MX, Type::AFSDB, Type::RT}) {
    CAPTURE(toString(type));
    CHECK(decompressed(type, "0005c00c") == "0005" + name);
  }
  for (const Type type : {Type::MINFO, Type::RP}) {
    CAPTURE(toString(type));
    CHECK(decompressed(type, "c00c0161c00c") == name + "0161" + name);
  }
  CHECK(decompressed(Type::SOA, "c00cc00c0000000100000002000000030000000400000005") ==
        name + name + "0000000100000002000000030000000400000005");
  CHECK(decompressed(Type::PX, "0001c00cc00c") == "0001" + name + name);
  CHECK(decompressed(Type::SRV, "000100020003c00c") == "000100020003" + name);
  CHECK(decompressed(Type::NAPTR, "00010002000000c00c") == "00010002000000" + name);
  CHECK(decompressed(Type::NXT, "c00c40") == name + "40");
  CHECK(decompressed(Type::SIG, "000108010000000100000000000000000000c00c00") ==
        "000108010000000100000000000000000000" + name + "00");
}

TEST_CASE("Pointers are refused in the types that came later") {
  CHECK(decompressed(Type::DNAME, "c00c") == "malformed");
  CHECK(decompressed(Type::KX, "0001c00c") == "malformed");
  CHECK(decompressed(Type::NSEC, "c00c000140") == "malformed");
  CHECK(decompressed(Type::LP, "0001c00c") == "malformed");
  CHECK(decompressed(Type::SVCB, "0001c00c") == "malformed");
  CHECK(decompressed(Type::RRSIG, "000108010000000100000000000000000000c00c00") == "malformed");
  CHECK(decompressed(Type::TALINK, "c00cc00c") == "malformed");
  CHECK(decompressed(Type::DSYNC, "003b010035c00c") == "malformed");
}

TEST_CASE("A pointer that leads forward, to itself or into the header is refused") {
  CHECK(decompressed(Type::NS, "c015") == "malformed");
  CHECK(decompressed(Type::NS, "c016") == "malformed");
  CHECK(decompressed(Type::NS, "c000") == "malformed");
  CHECK(decompressed(Type::NS, "ffff") == "malformed");
  CHECK(decompressed(Type::NS, "4000") == "malformed");
  CHECK(decompressed(Type::NS, "8000") == "malformed");
}

TEST_CASE("A name ends where its RDATA ends") {
  CHECK(decompressed(Type::NS, "c00c", 1) == "malformed");
  CHECK(decompressed(Type::NS, "c00c", 2, "ffff") == std::string(example));
  CHECK(decompressed(Type::NS, "0161", 2, "00") == "malformed");
  CHECK(decompressed(Type::NS, "c00cff") == "malformed");
  CHECK(decompressed(Type::DNAME, "0161", 2, "00") == "malformed");
}

TEST_CASE("RDATA that reaches beyond its message is refused") {
  const std::vector<std::uint8_t> message(16, 0);
  std::vector<std::uint8_t> buffer(100);
  ByteWriter writer{MutableByteSpan(buffer)};
  CHECK_FALSE(decompressRdata(Type::A, message, 13, 4, writer));
  CHECK_FALSE(decompressRdata(Type::A, message, 17, 0, writer));
  CHECK_FALSE(decompressRdata(static_cast<Type>(65280), message, 12, 5, writer));
  CHECK_FALSE(decompressRdata(static_cast<Type>(65280), message, 12, SIZE_MAX, writer));
  CHECK(decompressRdata(static_cast<Type>(65280), message, 12, 4, writer));
}

TEST_CASE("RDATA that does not fit the writer is refused") {
  const std::vector<std::uint8_t> message = fromHex(std::string(24, '0') + std::string(example) + "c00c");
  std::array<std::uint8_t, 8> small{};
  ByteWriter writer{MutableByteSpan(small)};
  CHECK_FALSE(decompressRdata(Type::NS, message, rdataAt, 2, writer));
}

TEST_CASE("RDATA of an unknown type is copied, whatever it is") {
  CHECK(decompressed(static_cast<Type>(65280), "c00cffff") == "c00cffff");
  CHECK(decompressed(static_cast<Type>(65280), "") == "");
  CHECK(validRdata(static_cast<Type>(65280), fromHex("c00c")));
}

TEST_CASE("Bitmaps of types have rising windows of 1 to 32 octets that do not end in zero") {
  CHECK(validRdata(Type::NSEC, fromHex("00"
                                       "000140")));
  CHECK(validRdata(Type::NSEC, fromHex("00"
                                       "000140"
                                       "010180")));
  CHECK_FALSE(validRdata(Type::NSEC, fromHex("00")));
  CHECK_FALSE(validRdata(Type::NSEC, fromHex("00"
                                             "000140"
                                             "000140")));
  CHECK_FALSE(validRdata(Type::NSEC, fromHex("00"
                                             "010180"
                                             "000140")));
  CHECK_FALSE(validRdata(Type::NSEC, fromHex("00"
                                             "0000")));
  CHECK_FALSE(validRdata(Type::NSEC, fromHex("00"
                                             "00024000")));
  CHECK_FALSE(validRdata(Type::NSEC, fromHex("00"
                                             "0021" +
                                             std::string(66, 'f'))));
  CHECK(validRdata(Type::NSEC, fromHex("00"
                                       "0020" +
                                       std::string(64, 'f'))));
  CHECK_FALSE(validRdata(Type::NSEC, fromHex("00"
                                             "0003ffff")));
}

TEST_CASE("Service parameters have rising keys and values of their keys' form") {
  CHECK(validRdata(Type::SVCB, fromHex("000100"
                                       "000300020035")));
  CHECK_FALSE(validRdata(Type::SVCB, fromHex("000100"
                                             "000300020035"
                                             "000300020035")));
  CHECK_FALSE(validRdata(Type::SVCB, fromHex("000100"
                                             "000300020035"
                                             "00010003026832")));
  CHECK_FALSE(validRdata(Type::SVCB, fromHex("000100"
                                             "0003000135")));
  CHECK_FALSE(validRdata(Type::SVCB, fromHex("000100"
                                             "00010002026832")));
  CHECK_FALSE(validRdata(Type::SVCB, fromHex("000100"
                                             "0001000100")));
  CHECK_FALSE(validRdata(Type::SVCB, fromHex("000100"
                                             "00000000")));
  CHECK_FALSE(validRdata(Type::SVCB, fromHex("000100"
                                             "00000004"
                                             "00040001")));
  CHECK_FALSE(validRdata(Type::SVCB, fromHex("000100"
                                             "00000002"
                                             "0000")));
  CHECK_FALSE(validRdata(Type::SVCB, fromHex("000100"
                                             "00040003"
                                             "c00002")));
  CHECK_FALSE(validRdata(Type::SVCB, fromHex("000100"
                                             "00050000")));
  CHECK_FALSE(validRdata(Type::SVCB, fromHex("000100"
                                             "0006000400000000")));
  CHECK_FALSE(validRdata(Type::SVCB, fromHex("000100"
                                             "00080001ff")));
  CHECK(validRdata(Type::SVCB, fromHex("000100"
                                       "ffff0000")));
}

TEST_CASE("The lengths inside of RDATA are held to it") {
  CHECK_FALSE(validRdata(Type::TXT, {}));
  CHECK_FALSE(validRdata(Type::TXT, fromHex("0261")));
  CHECK_FALSE(validRdata(Type::HIP, fromHex("ff0200ff00")));
  CHECK_FALSE(validRdata(Type::TSIG, fromHex("00"
                                             "000000000000"
                                             "0000"
                                             "ffff")));
  CHECK_FALSE(validRdata(Type::NSEC3PARAM, fromHex("01000000ff")));
  CHECK_FALSE(validRdata(Type::OPT, fromHex("000affff")));
  CHECK_FALSE(validRdata(Type::APL, fromHex("0001200501020304"
                                            "05")));
  CHECK_FALSE(validRdata(Type::APL, fromHex("0001210401020304")));
  CHECK_FALSE(validRdata(Type::IPSECKEY, fromHex("0a0402")));
  CHECK_FALSE(validRdata(Type::A6, fromHex("81")));
  CHECK_FALSE(validRdata(Type::A6, fromHex("3d"
                                           "ff00000000000000"
                                           "00"
                                           "00")));
  CHECK_FALSE(validRdata(Type::TXT, std::vector<std::uint8_t>(65536, 0)));
}

TEST_CASE("Names are lower case in canonical form where RFC 4034 and RFC 6840 say so") {
  CHECK(canonical(Type::NS, "NS.Example.") == "ns.example.");
  CHECK(canonical(Type::SOA, "A.B. C.D. 1 2 3 4 5") == "a.b. c.d. 1 2 3 4 5");
  CHECK(canonical(Type::MX, "1 MX.") == "1 mx.");
  CHECK(canonical(Type::RP, "A. B.") == "a. b.");
  CHECK(canonical(Type::PX, "1 A. B.") == "1 a. b.");
  CHECK(canonical(Type::SRV, "1 2 3 A.") == "1 2 3 a.");
  CHECK(canonical(Type::NAPTR, "1 2 A B C D.") == "1 2 \"A\" \"B\" \"C\" d.");
  CHECK(canonical(Type::KX, "1 A.") == "1 a.");
  CHECK(canonical(Type::DNAME, "A.") == "a.");
  CHECK(canonical(Type::A6, "64 ::1 A.") == "64 ::1 a.");
  CHECK(canonical(Type::NXT, "A. NXT") == "a. NXT");
  CHECK(canonical(Type::RRSIG, "A 8 1 1 0 0 0 SIGNER. AQID") == "A 8 1 1 19700101000000 19700101000000 0 signer. AQID");
}

TEST_CASE("Names keep their case in the types that the RFCs do not list, NSEC among them") {
  CHECK(canonical(Type::NSEC, "A. A") == "A. A");
  CHECK(canonical(Type::SVCB, "1 A.") == "1 A.");
  CHECK(canonical(Type::HIP, "2 20 AQID A.") == "2 20 AQID A.");
  CHECK(canonical(Type::LP, "1 A.") == "1 A.");
  CHECK(canonical(Type::TXT, "A") == "\"A\"");
  CHECK(canonical(Type::HINFO, "A B") == "\"A\" \"B\"");
  CHECK(canonical(Type::TSIG, "A. 1 2 0 0 0 0") == "A. 1 2 0 0 NOERROR 0");
}

TEST_CASE("Canonical form leaves alone what does not fit its layout") {
  std::vector<std::uint8_t> octets = fromHex("000a034d5800");
  canonicaliseRdata(Type::MX, octets);
  CHECK(toHex(octets) == "000a034d5800");
  canonicaliseRdata(static_cast<Type>(65280), octets);
  CHECK(toHex(octets) == "000a034d5800");
}

TEST_CASE("Additional data is sought for the hosts that records name") {
  CHECK(additional(Type::NS, "ns.example.") == "ns.example.");
  CHECK(additional(Type::MX, "10 mx.example.") == "mx.example.");
  CHECK(additional(Type::MX, "0 .") == "none");  // RFC 7505
  CHECK(additional(Type::SRV, "1 2 3 host.example.") == "host.example.");
  CHECK(additional(Type::SRV, "1 2 3 .") == "none");
  CHECK(additional(Type::KX, "1 kx.example.") == "kx.example.");
  CHECK(additional(Type::AFSDB, "1 afs.example.") == "afs.example.");
  CHECK(additional(Type::NAPTR, "1 2 A b c host.example.") == "host.example.");
  CHECK(additional(Type::NAPTR, "1 2 s b c host.example.") == "host.example.");
  CHECK(additional(Type::NAPTR, "1 2 u b c host.example.") == "none");
  CHECK(additional(Type::NAPTR, "1 2 \"\" b c host.example.") == "none");
  CHECK(additional(Type::SVCB, "1 host.example.") == "host.example.");
  CHECK(additional(Type::HTTPS, "1 .") == ".");
  CHECK(additional(Type::HTTPS, "0 .") == "none");
  CHECK(additional(Type::HTTPS, "0 host.example.") == "host.example.");
  CHECK(additional(Type::A, "192.0.2.1") == "none");
  CHECK(additional(Type::CNAME, "host.example.") == "none");
}

TEST_CASE("Additional data is not sought for RDATA that is cut short") {
  for (const Type type : {Type::NS, Type::MX, Type::SRV, Type::NAPTR, Type::SVCB, Type::KX, Type::AFSDB}) {
    CAPTURE(toString(type));
    const std::vector<std::uint8_t> octets = parse(type, type == Type::NAPTR ? "1 2 a b c host."
                                                         : type == Type::SRV ? "1 2 3 host."
                                                         : type == Type::NS  ? "host."
                                                                             : "1 host.")
                                                 .octets;
    for (std::size_t size = 0; size < octets.size(); ++size) {
      const std::vector<std::uint8_t> cut(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(size));
      CHECK_FALSE(additionalName(type, cut).has_value());
    }
  }
}

}  // namespace rdata_wire_test
