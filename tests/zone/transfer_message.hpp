// Messages of transfers for tests, of records that a test names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/question.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/rdata_octets.hpp"
#include "taut/dns/type.hpp"

namespace taut::test {

using Octets = std::vector<std::uint8_t>;

struct TransferRecord {
  Name owner;
  Type type{};
  Octets rdata;
  Class rrClass = Class::IN;
  std::uint32_t ttl = 300;
};

template <class Rdata>
TransferRecord recordOf(std::string_view owner, const Rdata& rdata) {
  TransferRecord record{Name(owner), Rdata::type, {}};
  withRdataOctets(rdata, [&record](ByteSpan octets) { record.rdata.assign(octets.begin(), octets.end()); });
  return record;
}

inline TransferRecord soa(std::uint32_t serial, std::string_view owner = "example.") {
  rdata::SOA soa;
  soa.primary = Name("ns1.example.");
  soa.mailbox = Name("hostmaster.example.");
  soa.serial = serial;
  return recordOf(owner, soa);
}
inline TransferRecord ns() {
  return recordOf("example.", rdata::NS(Name("ns1.example.")));
}
inline TransferRecord a(std::string_view owner, std::uint8_t last = 1) {
  return recordOf(owner, rdata::A(192, 0, 2, last));
}

// A message of a transfer of the zone example., with the ID 7.
struct TransferMessage {
  std::uint16_t flags = flag::QR | flag::AA;
  std::uint16_t id = 7;
  std::optional<Question> question = Question{Name("example."), Type::AXFR, Class::IN};
  std::vector<TransferRecord> records;

  Octets octets() const {
    Octets message(12);
    storeU16(message.data(), id);
    storeU16(message.data() + 2, flags);
    storeU16(message.data() + 4, question ? 1 : 0);
    storeU16(message.data() + 6, static_cast<std::uint16_t>(records.size()));
    const auto addU16 = [&message](std::size_t value) {
      message.push_back(static_cast<std::uint8_t>(value >> 8));
      message.push_back(static_cast<std::uint8_t>(value));
    };
    const auto add = [&message](ByteSpan octets) { message.insert(message.end(), octets.begin(), octets.end()); };
    if (question) {
      add(question->name.wire());
      addU16(static_cast<std::uint16_t>(question->type));
      addU16(static_cast<std::uint16_t>(question->rrClass));
    }
    for (const TransferRecord& record : records) {
      add(record.owner.wire());
      addU16(static_cast<std::uint16_t>(record.type));
      addU16(static_cast<std::uint16_t>(record.rrClass));
      addU16(record.ttl >> 16);
      addU16(record.ttl & 0xffff);
      addU16(record.rdata.size());
      add(record.rdata);
    }
    return message;
  }
};

inline Octets axfr(std::vector<TransferRecord> records) {
  TransferMessage message;
  message.records = std::move(records);
  return message.octets();
}
inline Octets ixfr(std::vector<TransferRecord> records) {
  TransferMessage message;
  message.question->type = Type::IXFR;
  message.records = std::move(records);
  return message.octets();
}

}  // namespace taut::test
