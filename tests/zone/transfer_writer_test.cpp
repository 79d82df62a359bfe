#include "taut/zone/transfer_writer.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "taut/dns/message_view.hpp"
#include "taut/dns/query.hpp"
#include "taut/zone/difference_between.hpp"
#include "taut/zone/transfer_reader.hpp"
#include "taut/zone/zone_builder.hpp"
#include "taut/zone/zone_writer.hpp"
#include "zone/zone_text.hpp"

namespace transfer_writer_test {

using namespace taut;
using test::zoneOf;
using Octets = std::vector<std::uint8_t>;
using Messages = std::vector<Octets>;

namespace {

const Name origin("example.");

TransferWriter::Reply replyTo(Type type) {
  return {7, flag::QR | flag::AA, {origin, type, Class::IN}};
}

Messages messagesOf(TransferWriter& writer, std::size_t room = maxMessageSize, ByteSpan opt = {}) {
  Messages messages;
  Octets buffer(room);
  while (const std::size_t size = writer.next(buffer, opt))
    messages.emplace_back(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
  return messages;
}

Messages transferOf(const std::shared_ptr<const Zone>& zone, std::size_t room = maxMessageSize) {
  TransferWriter writer(replyTo(Type::AXFR), zone);
  Messages messages = messagesOf(writer, room);
  CHECK(writer.isFinished());
  CHECK(!writer.isStuck());
  return messages;
}

std::string textOf(const Zone& zone) {
  std::string text;
  writeZone(zone, [&text](std::string_view piece) { text += piece; });
  return text;
}

// The zone that a secondary has of the messages.
std::shared_ptr<const Zone> zoneFrom(const Messages& messages) {
  ZoneBuilder builder{origin};
  TransferRequest request;
  request.zone = origin;
  request.id = 7;
  TransferReader reader(request, [&builder](const ZoneRecord& record) {
    builder.add(record.owner, record.type, record.ttl, record.rdata);
  });
  for (const Octets& message : messages) reader.add(message);
  INFO(reader.error());
  REQUIRE(reader.progress() == TransferReader::Progress::finished);
  CHECK(reader.outside() == 0);
  const ZoneBuild build = builder.build();
  REQUIRE(build.zone);
  return build.zone;
}

// What a secondary that has serial 7 reads.
std::vector<ZoneDifference> differencesFrom(const Messages& messages) {
  TransferRequest request;
  request.zone = origin;
  request.type = Type::IXFR;
  request.id = 7;
  request.serial = Serial(7);
  TransferReader reader(request, {});
  for (const Octets& message : messages) reader.add(message);
  INFO(reader.error());
  REQUIRE(reader.progress() == TransferReader::Progress::finished);
  return reader.takeDifferences();
}

// Occluded names, glue, cuts, aliases, wildcards, empty non-terminals, many types, and names of every length.
std::string randomBody(std::mt19937& random, std::size_t names) {
  const auto pick = [&random](std::uint32_t count) { return static_cast<std::uint32_t>(random() % count); };
  std::string text;
  for (std::size_t i = 0; i < names; ++i) {
    std::string name = fmt::format("n{}", i);
    for (std::uint32_t labels = pick(4); labels > 0; --labels)
      name += fmt::format(".{}{}", std::string(pick(12) + 1, static_cast<char>('a' + pick(3))), pick(4));
    if (pick(8) == 0) name = "*." + name;
    switch (pick(8)) {
      case 0:
        if (name.front() == '*') break;
        text += fmt::format("{0} NS ns.{0}\n{0} NS ns.other.example.org.\nns.{0} A 192.0.2.{1}\nbelow.{0} TXT x\n",
                            name, pick(256));
        break;
      case 1:
        text += fmt::format("{} CNAME N{}.Example.\n", name, pick(100));
        break;
      case 2:
        text += fmt::format("{0} DNAME d{1}.example.\nbelow.{0} A 192.0.2.{1}\n", name, pick(256));
        break;
      case 3:
        text +=
            fmt::format("{0} MX {1} mail{1}.example.\n{0} TXT \"{2}\"\n", name, pick(5), std::string(pick(200), 't'));
        break;
      case 4:
        text += fmt::format("{} 60 SRV 1 2 3 Srv{}.example.\n", name, pick(5));
        break;
      default:
        for (std::uint32_t count = pick(4) + 1; count > 0; --count)
          text += fmt::format("{} {} A 10.0.{}.{}\n", name, 100, pick(256), pick(256));
    }
  }
  return text;
}

}  // namespace

TEST_CASE("a zone that is transferred is the zone that it came from") {
  std::mt19937 random(5936);
  for (const std::size_t names : {0u, 1u, 10u, 100u, 3000u}) {
    CAPTURE(names);
    const auto loaded = test::load(randomBody(random, names));
    REQUIRE_MESSAGE(loaded.ok(), loaded.firstError());
    const std::string text = textOf(*loaded.zone);
    for (const std::size_t room : {std::size_t{700}, std::size_t{20000}, maxMessageSize}) {
      const Messages messages = transferOf(loaded.zone, room);
      CHECK(textOf(*zoneFrom(messages)) == text);
      for (const Octets& message : messages) CHECK(message.size() <= std::min(room, TransferWriter::usualSize));
    }
  }
}

TEST_CASE("occluded names and glue are transferred, and empty non-terminals are not") {
  const auto zone = zoneOf(
      "cut NS ns.cut\nns.cut A 192.0.2.9\nhidden.cut TXT occluded\na.b.c A 192.0.2.3\nd DNAME example.org.\n"
      "x.d A 192.0.2.4\n");
  const Messages messages = transferOf(zone);
  REQUIRE(messages.size() == 1);
  auto view = MessageView::parse(messages[0]);
  std::vector<std::string> records;
  while (const auto record = view->nextRecord()) records.push_back(fmt::format("{} {}", record->owner, record->type));
  CHECK(view->ok());
  CHECK(records == std::vector<std::string>{"example. SOA", "example. NS", "a.b.c.example. A", "cut.example. NS",
                                            "hidden.cut.example. TXT", "ns.cut.example. A", "d.example. DNAME",
                                            "x.d.example. A", "ns1.example. A", "example. SOA"});
}

TEST_CASE("names keep their case, also where they differ from others in case alone") {
  const auto zone = zoneOf("WWW A 192.0.2.2\nMail MX 1 www\nmail.www A 192.0.2.3\n");
  CHECK(textOf(*zoneFrom(transferOf(zone))) == textOf(*zone));
}

TEST_CASE("a record that is larger than a message usually is has one of its own") {
  std::string hex;
  for (int i = 0; i < 60000; ++i) hex += "07";
  const auto zone = zoneOf(fmt::format("large TYPE65280 \\# 60000 {}\nwww A 192.0.2.2\n", hex));
  const Messages messages = transferOf(zone);
  CHECK(messages.size() == 3);
  CHECK(messages[1].size() > 60000);
  CHECK(textOf(*zoneFrom(messages)) == textOf(*zone));
}

TEST_CASE("a record that no message has room for ends the transfer, which says so") {
  std::string hex;
  for (int i = 0; i < 65530; ++i) hex += "07";
  const auto zone = zoneOf(fmt::format("large TYPE65280 \\# 65530 {}\n", hex));
  TransferWriter writer(replyTo(Type::AXFR), zone);
  CHECK(messagesOf(writer).size() == 1);
  CHECK(writer.isStuck());
  CHECK(!writer.isFinished());
  Octets buffer(maxMessageSize);
  CHECK(writer.next(buffer) == 0);
}

TEST_CASE("an OPT is the last record of the message that it is given for") {
  const std::uint8_t opt[] = {0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0};
  TransferWriter writer(replyTo(Type::AXFR), zoneOf("www A 192.0.2.2\n"));
  const Messages messages = messagesOf(writer, maxMessageSize, opt);
  REQUIRE(messages.size() == 1);
  auto view = MessageView::parse(messages[0]);
  CHECK(view->recordCount(Section::additional) == 1);
  Type last{};
  while (const auto record = view->nextRecord()) last = record->type;
  CHECK(view->ok());
  CHECK(last == Type::OPT);
  CHECK(writer.records() == 5);
}

TEST_CASE("differences are written as they are read") {
  const auto first = zoneOf("a A 192.0.2.2\nb A 192.0.2.3\n");
  const auto loaded = parseZone(
      "$ORIGIN example.\n$TTL 300\n@ SOA ns1 hostmaster 8 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\n"
      "b A 192.0.2.4\nc A 192.0.2.5\n",
      origin);
  REQUIRE(loaded.ok());
  auto difference = differenceBetween(*first, *loaded.zone, 100000);
  REQUIRE(difference);
  const auto shared = std::make_shared<const ZoneDifference>(std::move(*difference));
  TransferWriter writer(replyTo(Type::IXFR), loaded.zone, {shared});
  const Messages messages = messagesOf(writer);
  CHECK(messages.size() == 1);
  const auto read = differencesFrom(messages);
  REQUIRE(read.size() == 1);
  CHECK(std::ranges::equal(read[0].removed().octets(), shared->removed().octets()));
  CHECK(std::ranges::equal(read[0].added().octets(), shared->added().octets()));
}

TEST_CASE("in messages that reach beyond what a pointer can lead to all names are what they were") {
  // Owners of many lengths, so that names begin right before, at and behind the last place that a pointer can lead to,
  // and records with names behind RDATA that takes a message beyond it.
  std::string hex;
  for (int i = 0; i < 20000; ++i) hex += "07";
  const auto bodyOf = [&hex](int serial) {
    std::string body;
    for (int i = 0; i < 6000; ++i) {
      const std::string label(static_cast<std::size_t>(i % 61 + 1), static_cast<char>('a' + i % 3));
      body += fmt::format("h{0}.{1} A 10.0.0.{2}\nh{0}.{1} MX 1 m{0}.{1}\n", i, label, serial);
      if (i % 500 == 0) body += fmt::format("h{}.{} TYPE65280 \\# {} {}{:02x}\n", i, label, 20001, hex, serial);
    }
    return body;
  };
  const auto zone = zoneOf(bodyOf(1));
  const Messages messages = transferOf(zone);
  CHECK(std::ranges::any_of(messages, [](const Octets& message) { return message.size() > 0x4000 + 200; }));
  CHECK(std::ranges::any_of(
      messages, [](const Octets& message) { return message.size() > 0x4000 - 30 && message.size() <= 0x4000; }));
  CHECK(textOf(*zoneFrom(messages)) == textOf(*zone));

  const auto next = parseZone(
      fmt::format("$ORIGIN example.\n$TTL 300\n@ SOA ns1 hostmaster 8 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\n{}",
                  bodyOf(2)),
      origin);
  REQUIRE(next.ok());
  auto difference = differenceBetween(*zone, *next.zone, 10'000'000);
  REQUIRE(difference);
  const auto shared = std::make_shared<const ZoneDifference>(std::move(*difference));
  TransferWriter writer(replyTo(Type::IXFR), next.zone, {shared});
  const auto read = differencesFrom(messagesOf(writer));
  REQUIRE(read.size() == 1);
  CHECK(std::ranges::equal(read[0].removed().octets(), shared->removed().octets()));
  CHECK(std::ranges::equal(read[0].added().octets(), shared->added().octets()));
}

TEST_CASE("a zone of many names is no larger on the wire than its records without the origin") {
  std::string body;
  for (int i = 0; i < 20000; ++i) body += fmt::format("host{} A 10.0.{}.{}\n", i, i >> 8, i & 255);
  std::size_t octets = 0;
  for (const Octets& message : transferOf(zoneOf(body))) octets += message.size();
  // A label of 10 octets and what is before it, a pointer, and 14 octets of the record.
  CHECK(octets < 20000 * (10 + 2 + 14));
}

}  // namespace transfer_writer_test
