#include "taut/dns/rdata.hpp"

#include <set>
#include <stdexcept>
#include <tuple>

#include <doctest/doctest.h>

#include "rdata_support.hpp"
#include "rdata_vectors.hpp"
#include "taut/dns/compression.hpp"
#include "taut/dns/rdata_text.hpp"

namespace rdata_test {

using namespace taut;

namespace {

using Structs =
    std::tuple<rdata::A, rdata::NS, rdata::MD, rdata::MF, rdata::CNAME, rdata::SOA, rdata::MB, rdata::MG, rdata::MR,
               rdata::NULL_, rdata::WKS, rdata::PTR, rdata::HINFO, rdata::MINFO, rdata::MX, rdata::TXT, rdata::RP,
               rdata::AFSDB, rdata::X25, rdata::ISDN, rdata::RT, rdata::NSAP, rdata::NSAP_PTR, rdata::SIG, rdata::KEY,
               rdata::PX, rdata::GPOS, rdata::AAAA, rdata::LOC, rdata::NXT, rdata::EID, rdata::NIMLOC, rdata::SRV,
               rdata::ATMA, rdata::NAPTR, rdata::KX, rdata::CERT, rdata::A6, rdata::DNAME, rdata::SINK, rdata::OPT,
               rdata::APL, rdata::DS, rdata::SSHFP, rdata::IPSECKEY, rdata::RRSIG, rdata::NSEC, rdata::DNSKEY,
               rdata::DHCID, rdata::NSEC3, rdata::NSEC3PARAM, rdata::TLSA, rdata::SMIMEA, rdata::HIP, rdata::NINFO,
               rdata::RKEY, rdata::TALINK, rdata::CDS, rdata::CDNSKEY, rdata::OPENPGPKEY, rdata::CSYNC, rdata::ZONEMD,
               rdata::SVCB, rdata::HTTPS, rdata::DSYNC, rdata::HHIT, rdata::BRID, rdata::SPF, rdata::UINFO, rdata::UID,
               rdata::GID, rdata::UNSPEC, rdata::NID, rdata::L32, rdata::L64, rdata::LP, rdata::EUI48, rdata::EUI64,
               rdata::TKEY, rdata::TSIG, rdata::URI, rdata::CAA, rdata::AVC, rdata::DOA, rdata::AMTRELAY,
               rdata::RESINFO, rdata::WALLET, rdata::CLA, rdata::IPN, rdata::TA, rdata::DLV>;

// Reads into the struct of a type and writes it out again; empty where there is no struct or it does not fit.
std::string throughStruct(Type type, ByteSpan octets) {
  std::string result;
  const auto tryStruct = [&]<class Record>(std::type_identity<Record>) {
    if (Record::type != type) return;
    const auto record = rdata::read<Record>(octets);
    if (!record) return;
    std::vector<std::uint8_t> buffer(maxRdataSize);
    ByteWriter writer{MutableByteSpan(buffer)};
    write(*record, writer);
    if (writer.ok()) result = toHex(writer.written());
  };
  [&]<class... Record>(std::type_identity<std::tuple<Record...>>) {
    (tryStruct(std::type_identity<Record>{}), ...);
  }(std::type_identity<Structs>{});
  return result;
}

template <class Record>
std::string wireOfStruct(const Record& record) {
  std::vector<std::uint8_t> buffer(maxRdataSize);
  ByteWriter writer{MutableByteSpan(buffer)};
  write(record, writer);
  return writer.ok() ? toHex(writer.written()) : "no wire form";
}

}  // namespace

TEST_CASE("Each record type goes from text to wire and back as the RFCs show") {
  for (const RdataVector& vector : rdataVectors) {
    CAPTURE(toString(vector.type));
    CAPTURE(vector.text);
    CHECK(wireOf(vector.type, vector.text) == vector.wire);
    CHECK(textOf(vector.type, fromHex(vector.wire)) == vector.canonical);
    CHECK(wireOf(vector.type, vector.canonical) == vector.wire);
  }
}

TEST_CASE("Each record type is understood in the generic form of RFC 3597 too") {
  for (const RdataVector& vector : rdataVectors) {
    CAPTURE(toString(vector.type));
    fmt::memory_buffer buffer;
    printGenericRdata(fromHex(vector.wire), buffer);
    CHECK(wireOf(vector.type, fmt::to_string(buffer)) == vector.wire);
  }
}

TEST_CASE("Each record type goes through its struct unchanged") {
  for (const RdataVector& vector : rdataVectors) {
    CAPTURE(toString(vector.type));
    CAPTURE(vector.text);
    CHECK(throughStruct(vector.type, fromHex(vector.wire)) == vector.wire);
  }
}

TEST_CASE("Every type with a struct has a layout and a vector") {
  std::set<Type> tested;
  for (const RdataVector& vector : rdataVectors) tested.insert(vector.type);
  [&]<class... Record>(std::type_identity<std::tuple<Record...>>) {
    const auto check = [&](Type type) {
      CAPTURE(toString(type));
      CHECK(tested.contains(type));
      REQUIRE(findLayout(type) != nullptr);
      CHECK((findLayout(type)->type == type));
    };
    (check(Record::type), ...);
  }(std::type_identity<Structs>{});
}

TEST_CASE("RDATA that is cut short is refused, or is whole RDATA that prints and loads as what it is") {
  for (const RdataVector& vector : rdataVectors) {
    const std::vector<std::uint8_t> whole = fromHex(vector.wire);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(toString(vector.type));
      CAPTURE(size);
      const std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      std::vector<std::uint8_t> buffer(maxRdataSize);
      ByteWriter writer{MutableByteSpan(buffer)};
      const bool valid = validRdata(vector.type, cut);
      CHECK(decompressRdata(vector.type, cut, 0, size, writer) == valid);
      CHECK(throughStruct(vector.type, cut) == (valid ? toHex(cut) : ""));
      if (size < vector.shortest) CHECK_FALSE(valid);
      if (size == vector.shortest) CHECK(valid);
      const std::string text = textOf(vector.type, cut);
      if (valid)
        CHECK(wireOf(vector.type, text) == toHex(cut));
      else
        CHECK(text.starts_with(fmt::format("\\# {}", size)));
    }
  }
}

TEST_CASE("RDATA with an octet too many is refused where the layout has an end") {
  for (const RdataVector& vector : rdataVectors) {
    std::vector<std::uint8_t> longer = fromHex(vector.wire);
    if (vector.shortest != longer.size()) continue;
    longer.push_back(0xff);
    // What ends in octets without a length takes one more.
    using namespace rdata;
    const FieldKind* const last = *(findLayout(vector.type)->end() - 1);
    const bool open = last == &fieldKind<kind::Base64> || last == &fieldKind<kind::OptionalBase64> ||
                      last == &fieldKind<kind::DashBase64> || last == &fieldKind<kind::Services> ||
                      last == &fieldKind<kind::Hex> || last == &fieldKind<kind::OptionalHex>;
    const bool counted = vector.type == Type::DS || vector.type == Type::SSHFP || vector.type == Type::ZONEMD ||
                         vector.type == Type::TA || vector.type == Type::DLV;
    CAPTURE(toString(vector.type));
    CHECK(validRdata(vector.type, longer) == (open && !counted));
  }
}

TEST_CASE("Each octet of RDATA may change without a crash, and what stays valid prints and loads again") {
  for (const RdataVector& vector : rdataVectors) {
    const std::vector<std::uint8_t> whole = fromHex(vector.wire);
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (const int value : {0x00, 0x01, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff}) {
        std::vector<std::uint8_t> changed = whole;
        changed[at] = static_cast<std::uint8_t>(value);
        const std::string text = textOf(vector.type, changed);
        const bool valid = validRdata(vector.type, changed);
        if (valid ? wireOf(vector.type, text) == toHex(changed) : text.starts_with("\\# ")) continue;
        FAIL_CHECK(toString(vector.type), " octet ", at, " value ", value, ": ", text);
      }
    }
  }
}

TEST_CASE("Handlers make records from plain values") {
  CHECK(wireOfStruct(rdata::A(192, 0, 2, 1)) == "c0000201");
  CHECK(wireOfStruct(rdata::A("192.0.2.1")) == "c0000201");
  CHECK(wireOfStruct(rdata::AAAA("2001:db8::1")) == "20010db8000000000000000000000001");
  CHECK(wireOfStruct(rdata::MX(10, Name("mx."))) == "000a026d7800");
  CHECK(wireOfStruct(rdata::TXT("one")) == "036f6e65");
  CHECK(wireOfStruct(rdata::TXT{"one", "two"}) == "036f6e650374776f");
  CHECK(wireOfStruct(rdata::CNAME(Name("a."))) == "016100");
  CHECK(wireOfStruct(rdata::NS(Name("a."))) == "016100");
  CHECK(wireOfStruct(rdata::PTR(Name("a."))) == "016100");
  CHECK(wireOfStruct(rdata::SRV(1, 2, 3, Name("a."))) == "000100020003016100");
  CHECK(wireOfStruct(rdata::SOA(Name("a."), Name("b."), 1, 2, 3, 4, 5)) ==
        "0161000162000000000100000002000000030000000400000005");
  CHECK(wireOfStruct(rdata::CAA(0, "issue", "ca.example")) == "0005697373756563612e6578616d706c65");
  CHECK(wireOfStruct(rdata::DS(1, 8, 2, {0xab})) == "00010802ab");
  CHECK(wireOfStruct(rdata::NSEC(Name("a."), {Type::MX, Type::A})) ==
        "0161000002"
        "4001");
}

TEST_CASE("An address in source code that is none throws") {
  CHECK_THROWS_AS(rdata::A("192.0.2"), std::invalid_argument);
  CHECK_THROWS_AS(rdata::AAAA("2001:db8"), std::invalid_argument);
}

TEST_CASE("A value without a wire form fails the writer") {
  const std::string tooLong(256, 'x');
  CHECK(wireOfStruct(rdata::TXT(tooLong)) == "no wire form");
  CHECK(wireOfStruct(rdata::TXT()) == "no wire form");
  CHECK(wireOfStruct(rdata::HINFO(tooLong, "")) == "no wire form");
  rdata::NSEC3 nsec3;
  nsec3.salt.resize(256);
  CHECK(wireOfStruct(nsec3) == "no wire form");
}

TEST_CASE("The members of a record hold what the wire says") {
  const auto srv = rdata::read<rdata::SRV>(fromHex("000100020003016100"));
  REQUIRE(srv);
  CHECK(srv->priority == 1);
  CHECK(srv->weight == 2);
  CHECK(srv->port == 3);
  CHECK(srv->target == Name("A."));

  const auto tsig =
      rdata::read<rdata::TSIG>(fromHex("0b686d61632d7368613235360000006955b900012c0003010203123400120006000000010203"));
  REQUIRE(tsig);
  CHECK(tsig->algorithm == Name("hmac-sha256."));
  CHECK(tsig->timeSigned == 1767225600);
  CHECK(tsig->mac == rdata::Bytes{1, 2, 3});
  CHECK(tsig->originalId == 0x1234);
  CHECK(tsig->error == 18);

  const auto isdn = rdata::read<rdata::ISDN>(fromHex("0161"));
  REQUIRE(isdn);
  CHECK_FALSE(isdn->subaddress.has_value());
  CHECK_FALSE(rdata::read<rdata::A>(fromHex("c00002")).has_value());
}

TEST_CASE("A bitmap of types knows its members and writes them in windows") {
  const rdata::TypeBitmap bitmap{Type::CAA, Type::NSEC, Type::A, Type::TA, Type::A};
  CHECK(toHex(bitmap.wire()) ==
        "00064000000000010101408001"
        "80");
  CHECK(bitmap.contains(Type::A));
  CHECK(bitmap.contains(Type::CAA));
  CHECK(bitmap.contains(Type::TA));
  CHECK_FALSE(bitmap.contains(Type::NS));
  CHECK_FALSE(bitmap.contains(Type::URI));
  CHECK(bitmap.types() == std::vector<Type>{Type::A, Type::NSEC, Type::CAA, Type::TA});
  CHECK(rdata::TypeBitmap{}.wire().empty());
}

TEST_CASE("Service parameters are kept by rising key, each once") {
  rdata::SvcParams params;
  params.port(8443).alpn({"h2", "h3"}).ipv4hint({{192, 0, 2, 1}}).noDefaultAlpn().mandatory({4, 1}).port(443);
  const rdata::HTTPS https(1, Name("."), params);
  const std::string wire = wireOfStruct(https);
  CHECK(textOf(Type::HTTPS, fromHex(wire)) ==
        "1 . mandatory=alpn,ipv4hint alpn=\"h2,h3\" no-default-alpn port=443 ipv4hint=192.0.2.1");
  REQUIRE(params.find(3) != nullptr);
  CHECK(*params.find(3) == rdata::Bytes{1, 187});
  CHECK(params.find(5) == nullptr);
}

TEST_CASE("Types that a writer may compress are those of RFC 1035") {
  CHECK(compressibleNames(Type::NS) == CompressibleNames{0, 1});
  CHECK(compressibleNames(Type::SOA) == CompressibleNames{0, 2});
  CHECK(compressibleNames(Type::MX) == CompressibleNames{2, 1});
  CHECK(compressibleNames(Type::SRV) == CompressibleNames{0, 0});
  CHECK(compressibleNames(Type::DNAME) == CompressibleNames{0, 0});
  CHECK(compressibleNames(static_cast<Type>(65280)) == CompressibleNames{0, 0});
}

}  // namespace rdata_test
