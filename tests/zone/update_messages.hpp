// Messages of dynamic updates for tests, of the zone example., record by record.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "support/packet.hpp"
#include "taut/dns/type.hpp"
#include "transfer_message.hpp"

namespace taut::test {

inline constexpr std::uint16_t updateFlags = static_cast<std::uint16_t>(Opcode::UPDATE) << 11;

using Records = std::vector<TransferRecord>;

// Rows of the tables in RFC 2136 sections 2.4 and 2.5.
inline TransferRecord ofAny(std::string_view owner, Type type) {
  return {Name(owner), type, {}, Class::ANY, 0};
}
inline TransferRecord ofNone(std::string_view owner, Type type) {
  return {Name(owner), type, {}, Class::NONE, 0};
}
inline TransferRecord ofNone(TransferRecord record) {
  record.rrClass = Class::NONE;
  record.ttl = 0;
  return record;
}
inline TransferRecord withTtl(TransferRecord record, std::uint32_t ttl) {
  record.ttl = ttl;
  return record;
}
inline TransferRecord withClass(TransferRecord record, Class rrClass) {
  record.rrClass = rrClass;
  return record;
}

inline void addRecords(Packet& packet, const Records& records) {
  for (const TransferRecord& record : records)
    packet.bytes(record.owner.wire())
        .recordBody(record.type, record.rdata, record.ttl, static_cast<unsigned>(record.rrClass));
}

inline Octets updateOf(const Records& prerequisites, const Records& updates) {
  Packet packet = Packet::header(updateFlags, 1, static_cast<std::uint16_t>(prerequisites.size()),
                                 static_cast<std::uint16_t>(updates.size()));
  packet.question("example.", Type::SOA);
  addRecords(packet, prerequisites);
  addRecords(packet, updates);
  return {packet.data(), packet.data() + packet.size()};
}

}  // namespace taut::test
