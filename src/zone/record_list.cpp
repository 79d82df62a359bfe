#include "taut/zone/record_list.hpp"

namespace taut {

void RecordList::add(const ZoneRecord& record) {
  const std::size_t at = octets_.size();
  octets_.resize(at + octetsOf(record));
  std::uint8_t* const head = octets_.data() + at;
  head[0] = static_cast<std::uint8_t>(record.owner.size());
  storeU16(head + 1, static_cast<std::uint16_t>(record.type));
  storeU32(head + 3, record.ttl);
  storeU16(head + 7, static_cast<std::uint16_t>(record.rdata.size()));
  copyOctets(head + headSize, record.owner.wire());
  copyOctets(head + headSize + record.owner.size(), record.rdata);
  ++size_;
}

}  // namespace taut
