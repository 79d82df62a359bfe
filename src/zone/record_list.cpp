#include "taut/zone/record_list.hpp"

#include "taut/dns/rdata.hpp"
#include "taut/dns/rrset.hpp"

namespace taut {

std::optional<RecordList> RecordList::read(ByteSpan octets) {
  std::size_t size = 0;
  for (ByteReader reader(octets); !reader.atEnd(); ++size) {
    const std::size_t ownerSize = reader.u8();
    const auto type = static_cast<Type>(reader.u16());
    const std::uint32_t ttl = reader.u32();
    const std::size_t rdataSize = reader.u16();
    const auto owner = NameView::fromWire(reader.take(ownerSize));
    const ByteSpan rdata = reader.take(rdataSize);
    if (!reader.ok() || !owner || owner->size() != ownerSize || ttl > maxTtl || !validRdata(type, rdata))
      return std::nullopt;
  }
  RecordList list;
  list.octets_.assign(octets.begin(), octets.end());
  list.size_ = size;
  return list;
}

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
