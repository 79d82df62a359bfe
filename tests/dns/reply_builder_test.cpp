#include "taut/dns/reply_builder.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/packet.hpp"
#include "taut/base/address.hpp"
#include "taut/dns/compression.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/dns/rdata.hpp"

namespace taut::reply_builder_test {

namespace {

// An RRset that owns what it refers to.
class OwnedRRset {
 public:
  OwnedRRset(const Name& owner, Type type, const std::vector<std::vector<std::uint8_t>>& records,
             std::uint32_t ttl = 60)
      : owner_(owner), type_(type), ttl_(ttl), count_(records.size()) {
    for (const auto& rdata : records) {
      octets_.push_back(static_cast<std::uint8_t>(rdata.size() >> 8));
      octets_.push_back(static_cast<std::uint8_t>(rdata.size()));
      octets_.insert(octets_.end(), rdata.begin(), rdata.end());
    }
  }

  RRset rrset() const {
    RRset rrset;
    rrset.owner = owner_;
    rrset.rdata = octets_.data();
    rrset.ttl = ttl_;
    rrset.type = type_;
    rrset.count = static_cast<std::uint16_t>(count_);
    return rrset;
  }

 private:
  Name owner_;
  Type type_;
  std::uint32_t ttl_;
  std::size_t count_;
  std::vector<std::uint8_t> octets_;
};

std::vector<std::uint8_t> wireOf(const char* name) {
  const Name made(name);
  return {made.wire().begin(), made.wire().end()};
}

const std::vector<std::uint8_t> address = {192, 0, 2, 1};

struct ReadRecord {
  Record record;
  std::vector<std::uint8_t> rdata;  // without compression
};

// All records of the message; fails the test where one does not parse.
std::vector<ReadRecord> readAll(ByteSpan message) {
  static std::vector<std::uint8_t> scratch(maxRdataSize);
  std::vector<ReadRecord> records;
  auto view = MessageView::parse(message);
  REQUIRE(view.has_value());
  while (const auto record = view->nextRecord()) {
    ByteWriter expanded{MutableByteSpan(scratch)};
    REQUIRE(decompressRdata(record->type, message, record->rdataOffset, record->rdataSize, expanded));
    records.push_back({*record, {expanded.written().begin(), expanded.written().end()}});
  }
  REQUIRE(view->ok());
  return records;
}

// Equal up to the case of names: RDATA that holds none is compared as it is.
bool sameRdata(Type type, ByteSpan left, ByteSpan right) {
  if (compressibleNames(type).count == 0) return std::ranges::equal(left, right);
  return std::ranges::equal(left, right, {}, foldCase, foldCase);
}

Name randomName(std::mt19937& random) {
  static const std::array<const char*, 6> words = {
      "a", "B", "example", "EXAMPLE", "a-rather-long-label-of-some-octets", "\\000\\192\\012"};
  Name name;
  for (std::size_t labels = random() % 6; labels > 0; --labels)
    name = Name::join(Name(words[random() % words.size()]).firstLabel(), name).value();
  return name;
}

std::vector<std::uint8_t> randomRdata(std::mt19937& random, Type type) {
  Packet rdata;
  if (type == Type::MX) rdata.u16(static_cast<unsigned>(random() % 100));
  if (type == Type::SRV) rdata.u16(0).u16(0).u16(53);
  if (type == Type::NS || type == Type::MX || type == Type::SRV || type == Type::SOA)
    rdata.bytes(randomName(random).wire());
  if (type == Type::SOA) rdata.bytes(randomName(random).wire()).bytes(std::vector<std::uint8_t>(20, 7));
  if (type == Type::A) rdata.u32(static_cast<std::uint32_t>(random()));
  if (type == static_cast<Type>(65280)) rdata.bytes(std::vector<std::uint8_t>(random() % 300, 0xc0));
  return {rdata.span().begin(), rdata.span().end()};
}

OwnedRRset randomRRset(std::mt19937& random) {
  static constexpr std::array types = {Type::A, Type::NS, Type::MX, Type::SRV, Type::SOA, static_cast<Type>(65280)};
  const Type type = types[random() % types.size()];
  std::vector<std::vector<std::uint8_t>> records;
  for (std::size_t count = 1 + random() % 4; count > 0; --count) records.push_back(randomRdata(random, type));
  return {randomName(random), type, records, static_cast<std::uint32_t>(random() & maxTtl)};
}

}  // namespace

TEST_CASE("A query's header and question are written as they came, with other flags") {
  const Packet packet = Packet::header(flag::RD, 1).question("Www.Example.com", Type::AAAA, Class::CH);
  const auto query = Query::parse(packet, {Address(), Transport::udp});
  std::vector<std::uint8_t> buffer(512);
  ReplyBuilder builder(buffer, 512);
  builder.begin(*query, flag::QR | flag::RD);
  buffer.resize(builder.finish());
  const Packet expected = Packet::header(flag::QR | flag::RD, 1).question("Www.Example.com", Type::AAAA, Class::CH);
  CHECK(std::ranges::equal(buffer, expected.span()));
}

TEST_CASE("A message may be written over the query that it answers") {
  Packet packet = Packet::header(0, 1, 0, 0, 1).question("www.example.com").opt(1232);
  const auto query = Query::parse(packet.span(), {Address(), Transport::udp});
  packet.resize(512);
  const OwnedRRset owned(Name("www.example.com"), Type::A, {address});
  ReplyBuilder builder(MutableByteSpan(packet.data(), packet.size()), 512);
  builder.begin(*query, flag::QR);
  CHECK(builder.put(Section::answer, owned.rrset()));
  packet.resize(builder.finish());
  const Packet expected =
      Packet::header(flag::QR, 1, 1).question("www.example.com").pointer(12).recordBody(Type::A, address, 60);
  CHECK(std::ranges::equal(packet.span(), expected.span()));
}

TEST_CASE("Names are compressed against the question and what was written before, whatever the case") {
  std::vector<std::uint8_t> buffer(512);
  ReplyBuilder builder(buffer, 512);
  builder.begin(0x1234, flag::QR);
  const Name asked("www.example.com");
  CHECK(builder.putQuestion({asked, Type::MX, Class::IN}));
  const Packet mx = Packet().u16(10).name("Mail.EXAMPLE.com");
  const OwnedRRset first(Name("WWW.example.com"), Type::MX, {{mx.span().begin(), mx.span().end()}});
  const OwnedRRset second(Name("a.mail.example.com"), Type::NS, {wireOf("com"), wireOf("mail.example.com")});
  CHECK(builder.put(Section::answer, first.rrset()));
  CHECK(builder.put(Section::additional, second.rrset()));
  buffer.resize(builder.finish());

  Packet expected = Packet::header(flag::QR, 1, 1, 0, 2).question("www.example.com", Type::MX);
  expected.pointer(12).recordBody(Type::MX, Packet().u16(10).label("Mail").pointer(16), 60);
  const std::size_t mail = expected.size() - 7;
  const std::size_t owner = expected.size();
  expected.label("a").pointer(mail).recordBody(Type::NS, Packet().pointer(24), 60);
  expected.pointer(owner).recordBody(Type::NS, Packet().pointer(mail), 60);
  CHECK(std::ranges::equal(buffer, expected.span()));
}

TEST_CASE("Names in RDATA of later types are not compressed") {
  std::vector<std::uint8_t> buffer(512);
  ReplyBuilder builder(buffer, 512);
  builder.begin(1, flag::QR);
  const Name asked("example.com");
  builder.putQuestion({asked, Type::SRV, Class::IN});
  const Packet srv = Packet().u16(0).u16(0).u16(53).name("example.com");
  const OwnedRRset owned(Name("example.com"), Type::SRV, {{srv.span().begin(), srv.span().end()}});
  CHECK(builder.put(Section::answer, owned.rrset()));
  const auto records = readAll(ByteSpan(buffer).first(builder.finish()));
  REQUIRE(records.size() == 1);
  CHECK(records[0].record.rdataSize == srv.size());
}

TEST_CASE("The root is written as itself, never as a pointer") {
  std::vector<std::uint8_t> buffer(512);
  ReplyBuilder builder(buffer, 512);
  builder.begin(1, flag::QR);
  const Name asked;
  builder.putQuestion({asked, Type::NS, Class::IN});
  const OwnedRRset owned(Name(), Type::NS, {wireOf("."), wireOf("a"), wireOf(".")});
  CHECK(builder.put(Section::answer, owned.rrset()));
  CHECK(builder.finish() == 12 + 5 + 3 * 11 + 1 + 3 + 1);
  CHECK(readAll(ByteSpan(buffer).first(builder.finish())).size() == 3);
}

TEST_CASE("An RRset goes in whole or not at all, at every limit") {
  const OwnedRRset owned(Name("a.example"), Type::NS, {wireOf("ns1.example"), wireOf("ns2.example"), wireOf("x.y.z")});
  std::vector<std::uint8_t> buffer(512);
  const auto sizeAt = [&](std::size_t limit) {
    std::ranges::fill(buffer, std::uint8_t{0xee});
    ReplyBuilder builder(buffer, limit);
    builder.begin(1, flag::QR);
    const Name asked("a.example");
    REQUIRE(builder.putQuestion({asked, Type::NS, Class::IN}));
    const bool put = builder.put(Section::answer, owned.rrset());
    CHECK(builder.count(Section::answer) == (put ? 3 : 0));
    const std::size_t size = builder.finish();
    CHECK(std::ranges::all_of(ByteSpan(buffer).subspan(limit), [](std::uint8_t octet) { return octet == 0xee; }));
    CHECK(readAll(ByteSpan(buffer).first(size)).size() == (put ? 3U : 0U));
    return size;
  };
  const std::size_t whole = sizeAt(512);
  const std::size_t question = 12 + 11 + 4;
  for (std::size_t limit = question; limit < whole; ++limit) CHECK(sizeAt(limit) == question);
  CHECK(sizeAt(whole) == whole);
}

TEST_CASE("What was taken back is not pointed to") {
  std::vector<std::uint8_t> buffer(512);
  ReplyBuilder builder(buffer, 512);
  builder.begin(1, flag::QR);
  const Name asked("example");
  builder.putQuestion({asked, Type::NS, Class::IN});
  const ReplyBuilder::Mark before = builder.mark();
  const OwnedRRset gone(Name("deep.example"), Type::NS, {wireOf("ns.deep.example")});
  CHECK(builder.put(Section::answer, gone.rrset()));
  builder.rewind(before);
  CHECK(builder.count(Section::answer) == 0);
  const OwnedRRset kept(Name("b.example"), Type::NS, {wireOf("ns.deep.example"), wireOf("deep.example")});
  CHECK(builder.put(Section::answer, kept.rrset()));
  const auto records = readAll(ByteSpan(buffer).first(builder.finish()));
  REQUIRE(records.size() == 2);
  CHECK(NameView::fromWire(records[0].rdata) == Name("ns.deep.example").view());
  CHECK(NameView::fromWire(records[1].rdata) == Name("deep.example").view());

  // A failed put takes back what it had written, too.
  ReplyBuilder narrow(buffer, 60);
  narrow.begin(1, flag::QR);
  narrow.putQuestion({asked, Type::NS, Class::IN});
  const OwnedRRset large(Name("deep.example"), Type::NS, {wireOf("ns.deep.example"), wireOf("a.b.c.d.e.f.g")});
  CHECK_FALSE(narrow.put(Section::answer, large.rrset()));
  const OwnedRRset small(Name("deep.example"), Type::NS, {wireOf("deep.example")});
  CHECK(narrow.put(Section::answer, small.rrset()));
  const auto left = readAll(ByteSpan(buffer).first(narrow.finish()));
  REQUIRE(left.size() == 1);
  CHECK(left[0].record.owner == Name("deep.example"));
}

TEST_CASE("Reserved room is free again after its release, and never more than there is") {
  std::array<std::uint8_t, 200> buffer{};
  buffer.fill(0xee);
  ReplyBuilder builder(MutableByteSpan(buffer).first(100), 100);
  builder.begin(1, flag::QR);
  builder.reserve(80);
  const OwnedRRset owned(Name("x"), Type::A, {address});
  CHECK_FALSE(builder.put(Section::answer, owned.rrset()));
  builder.release(80);
  CHECK(builder.put(Section::answer, owned.rrset()));

  builder.reserve(1000);
  CHECK_FALSE(builder.putOpt(1232, Rcode::NOERROR, false, {}));
  builder.release(1000);
  CHECK_FALSE(builder.putOpt(1232, Rcode::NOERROR, false, std::array<std::uint8_t, 150>{}));
  CHECK(builder.putOpt(1232, Rcode::NOERROR, false, {}));
  CHECK(builder.finish() == 12 + 17 + 11);
  CHECK(std::ranges::all_of(ByteSpan(buffer).subspan(100), [](std::uint8_t octet) { return octet == 0xee; }));
}

TEST_CASE("OPT holds the payload size, the upper bits of the RCODE, DO and the options") {
  std::vector<std::uint8_t> buffer(512);
  ReplyBuilder builder(buffer, 512);
  builder.begin(0x1234, flag::QR | 3);
  const Packet options = Packet().option(3, asBytes("id"));
  CHECK(builder.putOpt(1400, static_cast<Rcode>(0xab3), true, options));
  const Packet expected = Packet::header(flag::QR | 3, 0, 0, 0, 1).opt(1400, 0xab008000, options);
  CHECK(std::ranges::equal(ByteSpan(buffer).first(builder.finish()), expected.span()));
}

TEST_CASE("A question that does not fit is left out") {
  std::vector<std::uint8_t> buffer(512);
  ReplyBuilder builder(buffer, 12 + 12);
  builder.begin(1, flag::QR);
  const Name asked("example");
  CHECK_FALSE(builder.putQuestion({asked, Type::A, Class::IN}));
  CHECK(builder.finish() == 12);
  CHECK(MessageView::parse(buffer)->questionCount() == 0);
}

TEST_CASE("RDATA that does not hold its type's names is written as it is") {
  std::vector<std::uint8_t> buffer(512);
  const std::vector<std::vector<std::uint8_t>> broken = {{}, {0}, {0xc0, 12}, {5, 'a'}, {1, 'a', 0, 9, 9}};
  for (const Type type : {Type::NS, Type::MX, Type::SOA}) {
    ReplyBuilder builder(buffer, 512);
    builder.begin(1, flag::QR);
    const OwnedRRset owned(Name("b"), type, broken);
    REQUIRE(builder.put(Section::answer, owned.rrset()));
    const ByteSpan message = ByteSpan(buffer).first(builder.finish());
    auto view = MessageView::parse(message);
    for (const auto& rdata : broken) {
      const auto record = view->nextRecord();
      REQUIRE(record.has_value());
      CHECK(std::ranges::equal(message.subspan(record->rdataOffset, record->rdataSize), rdata));
    }
    CHECK(view->ok());
  }
}

TEST_CASE("No pointer leads beyond offset 0x3fff: a message of 64 KiB with repeated names reads back") {
  std::vector<std::uint8_t> buffer(maxMessageSize);
  ReplyBuilder builder(buffer, maxMessageSize);
  builder.begin(1, flag::QR);
  const Name asked("example");
  builder.putQuestion({asked, Type::AXFR, Class::IN});
  std::vector<OwnedRRset> sets;
  sets.reserve(4000);
  // Few suffixes up to 0x3fff, so that the table has room for those that may not go in.
  sets.emplace_back(Name("example"), static_cast<Type>(65280),
                    std::vector<std::vector<std::uint8_t>>{std::vector<std::uint8_t>(0x3fe0)});
  for (int i = 0; i < 1500; ++i) {
    const std::string owner = fmt::format("h{}.late.example", i / 3);
    sets.emplace_back(Name(owner), Type::NS,
                      std::vector<std::vector<std::uint8_t>>{wireOf("ns1.late.example"), wireOf("ns2.late.example")});
  }
  std::size_t put = 0;
  for (const OwnedRRset& owned : sets) {
    if (!builder.put(Section::answer, owned.rrset())) break;
    ++put;
  }
  const std::size_t size = builder.finish();
  CHECK(size > 60000);
  const auto records = readAll(ByteSpan(buffer).first(size));
  REQUIRE(records.size() == 1 + (put - 1) * 2);
  for (std::size_t i = 1; i < records.size(); ++i) {
    const RRset expected = sets[1 + (i - 1) / 2].rrset();
    REQUIRE(records[i].record.owner == expected.owner);
    REQUIRE(NameView::fromWire(records[i].rdata) ==
            Name((i - 1) % 2 == 0 ? "ns1.late.example" : "ns2.late.example").view());
  }
}

TEST_CASE("More suffixes than the table holds do no harm") {
  std::string deep;
  for (std::size_t i = 0; i < maxLabelCount; ++i) deep += "x.";
  std::vector<std::uint8_t> buffer(maxMessageSize);
  ReplyBuilder builder(buffer, maxMessageSize);
  builder.begin(1, flag::QR);
  const Name asked(deep);
  CHECK(builder.putQuestion({asked, Type::A, Class::IN}));
  std::vector<OwnedRRset> sets;
  sets.reserve(300);
  for (int i = 0; i < 300; ++i)
    sets.emplace_back(Name(fmt::format("a{}.b{}.c{}", i, i, i % 2)), Type::A,
                      std::vector<std::vector<std::uint8_t>>{address, address});
  for (const OwnedRRset& owned : sets) REQUIRE(builder.put(Section::answer, owned.rrset()));
  const auto records = readAll(ByteSpan(buffer).first(builder.finish()));
  REQUIRE(records.size() == 600);
  for (std::size_t i = 0; i < records.size(); ++i) REQUIRE(records[i].record.owner == sets[i / 2].rrset().owner);
}

TEST_CASE("A reader of names that build upon each other follows eight pointers at most") {
  std::vector<std::uint8_t> buffer(maxMessageSize);
  ReplyBuilder builder(buffer, buffer.size());
  builder.begin(1, flag::QR);
  const Name asked("a");
  CHECK(builder.putQuestion({asked, Type::NS, Class::IN}));
  // Each name has one label more than the one before, as the targets of a DNAME that leads below itself do.
  std::vector<OwnedRRset> sets;
  sets.reserve(40);
  Name name("a");
  for (int i = 0; i < 40; ++i) {
    name = *Name::join(fmt::format("x{}", i), name);
    sets.emplace_back(name, Type::A, std::vector<std::vector<std::uint8_t>>{{192, 0, 2, 1}});
    REQUIRE(builder.put(Section::answer, sets.back().rrset()));
  }
  const ByteSpan message = ByteSpan(buffer).first(builder.finish());
  const auto records = readAll(message);
  REQUIRE(records.size() == 40);
  std::size_t at = messageHeaderSize + 3 + 4;
  for (const ReadRecord& record : records) {
    std::size_t pointers = 0;
    for (std::size_t i = at; message[i] != 0;) {
      if (message[i] < 0xc0) {
        i += message[i] + 1u;
      } else {
        i = loadU16(message.data() + i) & 0x3fffu;
        ++pointers;
      }
    }
    CHECK(pointers <= 8);
    at = record.record.rdataOffset + record.record.rdataSize;
  }
}

TEST_CASE("Whatever is put reads back the same, at any limit") {
  std::mt19937 random(1035);
  std::vector<std::uint8_t> buffer(maxMessageSize);
  std::size_t whole = 0;
  std::size_t cut = 0;
  for (int round = 0; round < 1500; ++round) {
    const Name name = randomName(random);
    const std::size_t least = messageHeaderSize + name.size() + 4;
    const std::size_t most = round % 3 == 0 ? maxMessageSize : round % 3 == 1 ? 1232 : 512;
    const std::size_t limit = least + random() % (most - least + 1);
    std::vector<OwnedRRset> sets;
    for (std::size_t count = random() % 30; count > 0; --count) sets.push_back(randomRRset(random));

    ReplyBuilder builder(buffer, limit);
    builder.begin(1, flag::QR);
    REQUIRE(builder.putQuestion({name, Type::A, Class::IN}));
    std::vector<std::pair<Section, RRset>> put;
    for (std::size_t i = 0; i < sets.size(); ++i) {
      const auto section = static_cast<Section>(i * 3 / sets.size());
      if (builder.put(section, sets[i].rrset()))
        put.emplace_back(section, sets[i].rrset());
      else
        ++cut;
    }
    const std::size_t size = builder.finish();
    REQUIRE(size <= limit);
    const auto records = readAll(ByteSpan(buffer).first(size));
    std::size_t at = 0;
    for (const auto& [section, rrset] : put) {
      for (const ByteSpan rdata : rrset) {
        REQUIRE(at < records.size());
        const ReadRecord& read = records[at++];
        REQUIRE((read.record.section == section));
        REQUIRE(read.record.owner == rrset.owner);
        REQUIRE((read.record.type == rrset.type));
        REQUIRE(read.record.ttl == rrset.ttl);
        REQUIRE(sameRdata(rrset.type, read.rdata, rdata));
      }
      ++whole;
    }
    REQUIRE(at == records.size());
  }
  CHECK(whole > 5000);
  CHECK(cut > 1000);
}

}  // namespace taut::reply_builder_test
