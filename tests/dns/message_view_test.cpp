#include "taut/dns/message_view.hpp"

#include <array>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "support/packet.hpp"
#include "taut/dns/query.hpp"

namespace taut::message_view_test {

namespace {

const std::array<std::uint8_t, 4> address = {192, 0, 2, 1};

ByteSpan rdataOf(const MessageView& view, const Record& record) {
  return view.message().subspan(record.rdataOffset, record.rdataSize);
}

}  // namespace

TEST_CASE("Less than a header is no message") {
  const Packet packet = Packet::header(0, 0);
  for (std::size_t size = 0; size < messageHeaderSize; ++size)
    CHECK_FALSE(MessageView::parse(packet.span().first(size)).has_value());
  CHECK(MessageView::parse(packet).has_value());
}

TEST_CASE("Header fields are where RFC 1035 section 4.1.1 puts them") {
  const Packet packet = Packet::header(0x8000 | 5 << 11 | flag::TC | 9, 1, 2, 3, 4);
  const auto view = MessageView::parse(packet);
  REQUIRE(view.has_value());
  CHECK(view->id() == 0x1234);
  CHECK(view->isResponse());
  CHECK(view->truncated());
  CHECK((view->opcode() == Opcode::UPDATE));
  CHECK((view->rcode() == Rcode::NOTAUTH));
  CHECK(view->questionCount() == 1);
  CHECK(view->recordCount(Section::answer) == 2);
  CHECK(view->recordCount(Section::authority) == 3);
  CHECK(view->recordCount(Section::additional) == 4);
}

TEST_CASE("Questions come first, then the records of each section in order") {
  Packet packet = Packet::header(flag::QR, 2, 1, 1, 1);
  packet.question("a.example", Type::AAAA, Class::CH).pointer(14).u16(15).u16(1);
  packet.pointer(12).recordBody(Type::A, address, 60);
  packet.label("b").pointer(14).recordBody(static_cast<Type>(65280), {}, 0, 3);
  packet.record("c", Type::TXT, asBytes("\3abc"), 7);

  auto view = MessageView::parse(packet);
  REQUIRE(view.has_value());
  CHECK(view->nextQuestion() == Question{Name("a.example"), Type::AAAA, Class::CH});
  CHECK(view->nextQuestion() == Question{Name("example"), Type::MX, Class::IN});
  CHECK_FALSE(view->nextQuestion().has_value());
  CHECK(view->ok());

  const auto first = view->nextRecord();
  REQUIRE(first.has_value());
  CHECK(first->owner == Name("a.example"));
  CHECK((first->section == Section::answer));
  CHECK((first->type == Type::A));
  CHECK(first->ttl == 60);
  CHECK(asText(rdataOf(*view, *first)) == asText(address));
  const auto second = view->nextRecord();
  REQUIRE(second.has_value());
  CHECK(second->owner == Name("b.example"));
  CHECK((second->section == Section::authority));
  CHECK(static_cast<unsigned>(second->type) == 65280);
  CHECK((second->rrClass == Class::CH));
  CHECK(second->rdataSize == 0);
  const auto third = view->nextRecord();
  REQUIRE(third.has_value());
  CHECK((third->section == Section::additional));
  CHECK(asText(rdataOf(*view, *third)) == "\3abc");
  CHECK_FALSE(view->nextRecord().has_value());
  CHECK(view->ok());
}

TEST_CASE("Records are found without reading the questions") {
  const Packet packet = Packet::header(flag::QR, 2, 1).question("a").question("b").record("c", Type::A, address);
  auto view = MessageView::parse(packet);
  const auto record = view->nextRecord();
  REQUIRE(record.has_value());
  CHECK(record->owner == Name("c"));
  CHECK_FALSE(view->nextQuestion().has_value());
  CHECK_FALSE(view->nextRecord().has_value());
  CHECK(view->ok());
}

TEST_CASE("What does not parse ends the reading for good, wherever the message is cut") {
  const Packet packet =
      Packet::header(flag::QR, 1, 2).question("a.example").record("b", Type::A, address).record("c", Type::A, address);
  for (std::size_t size = messageHeaderSize; size < packet.size(); ++size) {
    auto view = MessageView::parse(packet.span().first(size));
    REQUIRE(view.has_value());
    std::size_t records = 0;
    while (view->nextRecord()) ++records;
    CHECK_FALSE(view->ok());
    CHECK(records < 2);
    CHECK_FALSE(view->nextRecord().has_value());
    CHECK_FALSE(view->nextQuestion().has_value());
  }
}

TEST_CASE("Counts above what is there end in failure, not in invented records") {
  auto view = MessageView::parse(Packet::header(flag::QR, 65535, 65535, 65535, 65535));
  CHECK_FALSE(view->nextRecord().has_value());
  CHECK_FALSE(view->ok());
}

TEST_CASE("A TTL over 2^31 - 1 counts as 0, and OPT's is no TTL") {
  const Packet packet = Packet::header(flag::QR, 0, 2, 0, 1)
                            .record("a", Type::A, address, 0x7fffffff)
                            .record("a", Type::A, address, 0x80000000)
                            .opt(1232, 0xff008000);
  auto view = MessageView::parse(packet);
  CHECK(view->nextRecord()->ttl == 0x7fffffff);
  CHECK(view->nextRecord()->ttl == 0);
  CHECK(view->nextRecord()->ttl == 0xff008000);
}

TEST_CASE("The whole of the largest message is read, also where every owner is a long chain of pointers") {
  // 126 pointers in RDATA, each to the one before, then owners that follow all of them.
  Packet packet = Packet::header(flag::QR, 0, 1);
  Packet chain;
  chain.u8(0);
  const std::size_t chainAt = packet.size() + 11;
  for (std::size_t hop = 0; hop < 126; ++hop) chain.pointer(hop == 0 ? chainAt : chainAt + 1 + 2 * (hop - 1));
  packet.u8(0).recordBody(static_cast<Type>(65280), chain);
  const std::size_t last = packet.size() - 2;
  std::uint16_t records = 1;
  while (packet.size() + 12 <= maxMessageSize) {
    packet.pointer(last).recordBody(Type::A, {});
    ++records;
  }
  storeU16(packet.data() + 6, records);
  auto view = MessageView::parse(packet);
  std::size_t read = 0;
  while (view->nextRecord()) ++read;
  CHECK(view->ok());
  CHECK(read == records);
}

}  // namespace taut::message_view_test
