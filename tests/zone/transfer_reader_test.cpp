#include "taut/zone/transfer_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "zone/transfer_message.hpp"

namespace transfer_reader_test {

using namespace taut;
using test::a;
using test::axfr;
using test::ixfr;
using test::ns;
using test::Octets;
using test::soa;
using Progress = TransferReader::Progress;
using Form = TransferReader::Form;
using Failure = TransferReader::Failure;

namespace {

const Name origin("example.");

// Reads answers, and keeps the records that are given on.
struct Reading {
  explicit Reading(std::optional<std::uint32_t> have = std::nullopt, Transport transport = Transport::tcp,
                   const TransferLimits& limits = {})
      : reader(
            request(have, transport), [this](const ZoneRecord& record) { records.add(record); }, limits) {}
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  static TransferRequest request(std::optional<std::uint32_t> have, Transport transport) {
    TransferRequest request;
    request.zone = origin;
    request.type = have ? Type::IXFR : Type::AXFR;
    request.id = 7;
    if (have) request.serial = Serial(*have);
    request.transport = transport;
    return request;
  }

  Progress add(const Octets& message) { return reader.add(message); }
  // "SOA 3" or "a.example. A" for each record.
  static std::vector<std::string> textOf(const RecordList& list) {
    std::vector<std::string> texts;
    for (const ZoneRecord& record : list)
      texts.push_back(record.type == Type::SOA ? fmt::format("SOA {}", serialOfSoa(record.rdata).value())
                                               : fmt::format("{} {}", record.owner, record.type));
    return texts;
  }

  RecordList records;
  TransferReader reader;
};

using Texts = std::vector<std::string>;

void refuses(Reading& reading, const Octets& message, Failure failure) {
  CHECK(reading.add(message) == Progress::failed);
  CHECK(reading.reader.failure() == failure);
  CHECK(!reading.reader.error().empty());
  CHECK(reading.reader.takeDifferences().empty());
}

}  // namespace

TEST_CASE("a whole zone gives each record once, however it is cut into messages") {
  SUBCASE("one message") {
    Reading reading;
    CHECK(reading.add(axfr({soa(3), ns(), a("www.example."), soa(3)})) == Progress::finished);
    CHECK(Reading::textOf(reading.records) == Texts{"SOA 3", "example. NS", "www.example. A"});
    CHECK(reading.reader.form() == Form::whole);
    CHECK(reading.reader.serial() == Serial(3));
    CHECK(reading.reader.records() == 4);
  }
  SUBCASE("one record in each, and no question after the first") {
    Reading reading;
    CHECK(reading.add(axfr({soa(3)})) == Progress::more);
    for (const auto& record : {ns(), a("www.example.")}) {
      test::TransferMessage message;
      message.question = std::nullopt;
      message.records = {record};
      CHECK(reading.add(message.octets()) == Progress::more);
    }
    CHECK(reading.add(axfr({soa(3)})) == Progress::finished);
    CHECK(reading.records.size() == 3);
    CHECK(reading.reader.messages() == 4);
  }
}

TEST_CASE("records of another zone are left out and counted") {
  Reading reading;
  CHECK(reading.add(axfr({soa(3), ns(), a("www.example."), a("www.example.org."), soa(9, "example.org."), soa(3)})) ==
        Progress::finished);
  CHECK(reading.records.size() == 3);
  CHECK(reading.reader.outside() == 2);
}

TEST_CASE("a whole zone ends with the serial that it began with, and with nothing after it") {
  Reading reading;
  SUBCASE("another serial") {
    refuses(reading, axfr({soa(3), ns(), soa(4)}), Failure::order);
    CHECK(reading.reader.error() == "the zone ends with serial 4; it began with 3");
  }
  SUBCASE("an SOA in the middle ends it, so what follows is wrong") {
    refuses(reading, axfr({soa(3), ns(), soa(3), a("www.example."), soa(3)}), Failure::order);
  }
  SUBCASE("a message after the end is not read") {
    CHECK(reading.add(axfr({soa(3), ns(), soa(3)})) == Progress::finished);
    CHECK(reading.add(axfr({a("www.example.")})) == Progress::finished);
    CHECK(reading.records.size() == 2);
  }
  SUBCASE("no SOA first") {
    refuses(reading, axfr({ns(), soa(3)}), Failure::order);
  }
  SUBCASE("the SOA of another zone first") {
    refuses(reading, axfr({soa(3, "www.example."), soa(3)}), Failure::order);
  }
  SUBCASE("a message without a record") {
    refuses(reading, axfr({}), Failure::order);
  }
}

TEST_CASE("several differences are taken apart at their SOAs") {
  Reading reading(1);
  CHECK(reading.add(ixfr({soa(4), soa(1), a("old.example."), soa(3), a("b.example.")})) == Progress::more);
  CHECK(reading.reader.form() == Form::differences);
  CHECK(reading.add(ixfr({a("c.example."), soa(3), soa(4), a("new.example."), soa(4)})) == Progress::finished);
  CHECK(reading.records.empty());
  const auto differences = reading.reader.takeDifferences();
  REQUIRE(differences.size() == 2);
  CHECK(Reading::textOf(differences[0].removed()) == Texts{"SOA 1", "old.example. A"});
  CHECK(Reading::textOf(differences[0].added()) == Texts{"SOA 3", "b.example. A", "c.example. A"});
  CHECK(differences[1].from() == Serial(3));
  CHECK(differences[1].to() == Serial(4));
  CHECK(Reading::textOf(differences[1].removed()) == Texts{"SOA 3"});
  CHECK(Reading::textOf(differences[1].added()) == Texts{"SOA 4", "new.example. A"});
}

TEST_CASE("differences may lead over the largest serial") {
  Reading reading(0xffffffff);
  CHECK(reading.add(ixfr({soa(1), soa(0xffffffff), soa(0), soa(0), soa(1), soa(1)})) == Progress::finished);
  const auto differences = reading.reader.takeDifferences();
  REQUIRE(differences.size() == 2);
  CHECK(differences[0].to() == Serial(0));
}

TEST_CASE("differences that do not fit the version that is there, or each other, are refused") {
  Reading reading(2);
  SUBCASE("they begin at another version") {
    refuses(reading, ixfr({soa(4), soa(3), soa(4), soa(4)}), Failure::history);
    CHECK(reading.reader.error() == "the differences begin at serial 3; expected 2");
  }
  SUBCASE("the second does not begin where the first ends") {
    refuses(reading, ixfr({soa(5), soa(2), soa(3), soa(4), soa(5), soa(5)}), Failure::order);
  }
  SUBCASE("they lead nowhere") {
    refuses(reading, ixfr({soa(4), soa(2), soa(2), soa(2), soa(4), soa(4)}), Failure::order);
  }
  SUBCASE("they lead back") {
    refuses(reading, ixfr({soa(4), soa(2), soa(1), soa(1), soa(4), soa(4)}), Failure::order);
  }
  SUBCASE("there is something after the end") {
    refuses(reading, ixfr({soa(4), soa(2), soa(4), soa(4), a("www.example.")}), Failure::order);
  }
}

TEST_CASE("a request for differences may be answered with the whole zone") {
  Reading reading(2);
  SUBCASE("in one message") {
    CHECK(reading.add(ixfr({soa(4), ns(), a("www.example."), soa(4)})) == Progress::finished);
  }
  SUBCASE("with the SOA alone in the first one") {
    CHECK(reading.add(ixfr({soa(4)})) == Progress::more);
    CHECK(reading.records.empty());
    CHECK(reading.add(ixfr({ns(), a("www.example.")})) == Progress::more);
    CHECK(reading.add(ixfr({soa(4)})) == Progress::finished);
  }
  CHECK(reading.reader.form() == Form::whole);
  CHECK(Reading::textOf(reading.records) == Texts{"SOA 4", "example. NS", "www.example. A"});
}

TEST_CASE("an SOA alone says that there is nothing newer, or over UDP that it does not fit") {
  struct Case {
    std::uint32_t serial;
    Transport transport;
    Progress progress;
    Form form;
  };
  const Case cases[] = {
      {2, Transport::tcp, Progress::finished, Form::current},
      {1, Transport::tcp, Progress::finished, Form::current},                // the server has an older version
      {2 + 0x80000000u, Transport::udp, Progress::finished, Form::current},  // undefined: not newer
      {3, Transport::tcp, Progress::more, Form::unknown},
      {3, Transport::udp, Progress::finished, Form::overflow},
  };
  for (const Case& each : cases) {
    CAPTURE(each.serial);
    Reading reading(2, each.transport);
    CHECK(reading.add(ixfr({soa(each.serial)})) == each.progress);
    CHECK(reading.reader.form() == each.form);
    CHECK(reading.reader.serial() == Serial(each.serial));
    CHECK(reading.records.empty());
  }
}

TEST_CASE("over UDP an answer is one message") {
  Reading reading(2, Transport::udp);
  SUBCASE("that is whole") {
    CHECK(reading.add(ixfr({soa(4), soa(2), soa(4), soa(4)})) == Progress::finished);
    CHECK(reading.reader.takeDifferences().size() == 1);
  }
  SUBCASE("that breaks off") {
    refuses(reading, ixfr({soa(4), soa(2), soa(4)}), Failure::order);
  }
  SUBCASE("that is truncated") {
    test::TransferMessage message;
    message.question->type = Type::IXFR;
    message.flags |= flag::TC;
    CHECK(reading.add(message.octets()) == Progress::finished);
    CHECK(reading.reader.form() == Form::overflow);
    CHECK(!reading.reader.serial());
  }
}

TEST_CASE("what is no answer to the request is refused") {
  Reading reading;
  test::TransferMessage message;
  message.records = {soa(3), ns(), soa(3)};
  SUBCASE("another ID") {
    message.id = 8;
  }
  SUBCASE("a request") {
    message.flags = 0;
  }
  SUBCASE("another opcode") {
    message.flags |= 4 << 11;
  }
  SUBCASE("truncated over TCP") {
    message.flags |= flag::TC;
  }
  SUBCASE("another type in the question") {
    message.question->type = Type::IXFR;
  }
  SUBCASE("another name in the question") {
    message.question->name = Name("example.org.");
  }
  SUBCASE("another class in the question") {
    message.question->rrClass = Class::CH;
  }
  SUBCASE("a record of another class") {
    message.records[1].rrClass = Class::CH;
  }
  SUBCASE("a record of a type that only asks") {
    message.records[1].type = Type::ANY;
  }
  SUBCASE("RDATA that is none of its type") {
    message.records[1].rdata = {3, 'n', 's'};
  }
  refuses(reading, message.octets(), Failure::message);
}

TEST_CASE("a whole zone in answer to IXFR keeps IXFR in its question") {
  Reading reading(2);
  refuses(reading, axfr({soa(3), ns(), soa(3)}), Failure::message);
  CHECK(reading.reader.error() == "an answer to the question example. IN AXFR; expected example. IN IXFR");
}

TEST_CASE("a message that breaks off is refused at each of its octets") {
  const Octets whole = axfr({soa(3), ns(), a("www.example."), soa(3)});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    Reading reading;
    CHECK(reading.add(Octets(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))) == Progress::failed);
    CHECK(reading.reader.failure() == Failure::message);
  }
}

TEST_CASE("the server's refusal is told by its RCODE") {
  Reading reading;
  test::TransferMessage message;
  message.flags |= static_cast<std::uint16_t>(Rcode::NOTAUTH);
  refuses(reading, message.octets(), Failure::rcode);
  CHECK(reading.reader.rcode() == Rcode::NOTAUTH);
  CHECK(reading.reader.error() == "the server answers NOTAUTH");
}

TEST_CASE("records and octets are limited") {
  const Octets message = axfr({soa(3), ns(), a("www.example."), soa(3)});
  SUBCASE("records") {
    Reading enough(std::nullopt, Transport::tcp, {.records = 4});
    CHECK(enough.add(message) == Progress::finished);
    Reading tooMany(std::nullopt, Transport::tcp, {.records = 3});
    refuses(tooMany, message, Failure::limit);
  }
  SUBCASE("octets") {
    Reading all;
    CHECK(all.add(message) == Progress::finished);
    Reading enough(std::nullopt, Transport::tcp, {.octets = all.reader.octets()});
    CHECK(enough.add(message) == Progress::finished);
    Reading tooMany(std::nullopt, Transport::tcp, {.octets = all.reader.octets() - 1});
    refuses(tooMany, message, Failure::limit);
  }
}

TEST_CASE("names behind the last place that a pointer can lead to are read, and pointers back to that place") {
  constexpr std::size_t last = 0x3fff;
  test::TransferMessage message;
  message.records = {soa(3)};
  // An owner that begins at the last place, and further ones behind it, in full.
  const std::size_t before = message.octets().size();
  const test::TransferRecord filler{Name("f.example."), Type(65280), Octets(last - before - 11 - 10, 7)};
  message.records.push_back(filler);
  REQUIRE(message.octets().size() == last);
  for (const char* const owner : {"deep.example.", "far.example."}) message.records.push_back(a(owner));
  message.records.push_back(test::TransferRecord{Name("g.example."), Type(65280), Octets(30000, 7)});
  message.records.push_back(a("farthest.example."));
  Octets octets = message.octets();
  const Octets pointed = {0xff, 0xff, 0, 16, 0, 1, 0, 0, 1, 44, 0, 2, 1, 'x'};  // deep.example. TXT "x"
  octets.insert(octets.end(), pointed.begin(), pointed.end());
  test::TransferMessage end;
  end.question = std::nullopt;
  end.records = {soa(3)};
  const Octets ending = end.octets();
  octets.insert(octets.end(), ending.begin() + 12, ending.end());
  storeU16(octets.data() + 6, static_cast<std::uint16_t>(message.records.size() + 2));
  REQUIRE(octets.size() > 0xb000);

  Reading reading;
  CHECK(reading.add(octets) == Progress::finished);
  CHECK(Reading::textOf(reading.records) == Texts{"SOA 3", "f.example. TYPE65280", "deep.example. A", "far.example. A",
                                                  "g.example. TYPE65280", "farthest.example. A", "deep.example. TXT"});
}

TEST_CASE("a record of the largest size is read") {
  const Octets large(60000, 7);
  Reading reading;
  CHECK(reading.add(axfr({soa(3), ns()})) == Progress::more);
  CHECK(reading.add(axfr({{Name("large.example."), static_cast<Type>(65280), large}})) == Progress::more);
  CHECK(reading.add(axfr({soa(3)})) == Progress::finished);
  CHECK(reading.records.octets().size() > large.size());
}

}  // namespace transfer_reader_test
