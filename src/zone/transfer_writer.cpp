#include "taut/zone/transfer_writer.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "taut/dns/compression.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/rrset.hpp"

namespace taut {

namespace {

// Readers bound how many pointers they follow, some at 16: names that are compressed against each other must not need
// more.
constexpr std::uint8_t maxPointers = 8;

}  // namespace

TransferWriter::TransferWriter(const Reply& reply, std::shared_ptr<const Zone> zone,
                               std::vector<std::shared_ptr<const ZoneDifference>> differences)
    : reply_(reply),
      zone_(std::move(zone)),
      differences_(std::move(differences)),
      cursor_(isIncremental() ? Cursor(detail::DifferenceCursor(zone_->soa().data, differences_))
                              : Cursor(detail::ZoneCursor(*zone_))) {
  assert(!isIncremental() || differences_.back()->to().value() == zone_->serial());
}

bool TransferWriter::isFinished() const {
  return std::visit([](const auto& cursor) { return cursor.atEnd(); }, cursor_);
}

std::size_t TransferWriter::next(MutableByteSpan buffer, ByteSpan opt) {
  assert(buffer.size() >= classicUdpSize);
  if (stuck_) return 0;
  return std::visit([&](auto& cursor) { return fill(cursor, buffer, opt); }, cursor_);
}

// Header and question. What is to be written has room for the records' OPT.
void TransferWriter::begin(MutableByteSpan buffer) {
  message_ = buffer.data();
  limit_ = std::min(buffer.size(), maxMessageSize);
  owner_ = NameView();
  ownerAt_ = 0;
  names_.beginMessage();
  std::fill_n(message_, messageHeaderSize, std::uint8_t{0});
  storeU16(message_, reply_.id);
  storeU16(message_ + 2, reply_.flags);
  storeU16(message_ + 4, 1);
  size_ = messageHeaderSize;
  putName(reply_.question.name);
  storeU16(message_ + size_, static_cast<std::uint16_t>(reply_.question.type));
  storeU16(message_ + size_ + 2, static_cast<std::uint16_t>(reply_.question.rrClass));
  size_ += 4;
}

template <class Source>
std::size_t TransferWriter::fill(Source& source, MutableByteSpan buffer, ByteSpan opt) {
  if (source.atEnd()) return 0;
  begin(buffer.first(std::min(buffer.size(), usualSize) - opt.size()));
  std::size_t answers = 0;
  for (; !source.atEnd() && answers < UINT16_MAX && put(source.record()); source.next()) ++answers;
  if (answers == 0) {
    begin(buffer.first(buffer.size() - opt.size()));
    stuck_ = !put(source.record());
    if (stuck_) return 0;
    source.next();
    answers = 1;
  }
  return finish(answers, opt);
}

std::size_t TransferWriter::finish(std::size_t answers, ByteSpan opt) {
  records_ += answers;
  storeU16(message_ + 6, static_cast<std::uint16_t>(answers));
  if (opt.empty()) return size_;
  copyOctets(message_ + size_, opt);
  storeU16(message_ + 10, 1);
  return size_ + opt.size();
}

// All of the record, or nothing and false where it has no room; then its names are in the table, and no further record
// may be put.
bool TransferWriter::put(const ZoneRecord& record) {
  const std::size_t before = size_;
  if (!putOwner(record.owner) || limit_ - size_ < recordFixedSize) {
    size_ = before;
    return false;
  }
  std::uint8_t* const fixed = message_ + size_;
  size_ += recordFixedSize;
  const std::size_t rdataAt = size_;
  if (!putRdata(record.type, record.rdata)) {
    size_ = before;
    return false;
  }
  storeU16(fixed, static_cast<std::uint16_t>(record.type));
  storeU16(fixed + 2, static_cast<std::uint16_t>(reply_.question.rrClass));
  storeU32(fixed + 4, record.ttl);
  storeU16(fixed + 8, static_cast<std::uint16_t>(size_ - rdataAt));
  return true;
}

bool TransferWriter::putOctets(ByteSpan octets) {
  if (limit_ - size_ < octets.size()) return false;
  copyOctets(message_ + size_, octets);
  size_ += octets.size();
  return true;
}

// The records of an owner follow each other, and their owners are the same octets.
bool TransferWriter::putOwner(NameView owner) {
  if (ownerAt_ != 0 && owner.data() == owner_.data()) {
    if (limit_ - size_ < 2) return false;
    storeU16(message_ + size_, static_cast<std::uint16_t>(pointerMark | ownerAt_));
    size_ += 2;
    return true;
  }
  const std::size_t at = size_;
  if (!putName(owner)) return false;
  owner_ = owner;
  ownerAt_ = at <= maxPointerTarget && size_ - at > 2 ? at : 0;
  return true;
}

// Writes the name, its longest suffix that has been written before as a pointer.
bool TransferWriter::putName(NameView name) {
  std::array<detail::WrittenNames::Slot*, maxLabelCount> added;
  std::size_t addedCount = 0;
  const detail::WrittenNames::Slot* known = nullptr;
  NameView rest = name;
  for (; !rest.isRoot(); rest = rest.parent()) {
    detail::WrittenNames::Slot& slot = names_.slot(rest);
    if (names_.holds(slot, rest) && slot.pointers < maxPointers) {
      known = &slot;
      break;
    }
    const std::size_t offset = size_ + name.size() - rest.size();
    if (offset > maxPointerTarget) continue;
    names_.put(slot, rest, offset);
    added[addedCount++] = &slot;
  }
  if (!known) return putOctets(name.wire());
  const std::uint16_t target = known->offset;
  const auto pointers = static_cast<std::uint8_t>(known->pointers + 1);
  for (std::size_t i = 0; i < addedCount; ++i) added[i]->pointers = pointers;
  const std::size_t labels = name.size() - rest.size();
  if (limit_ - size_ < labels + 2) return false;
  copyOctets(message_ + size_, {name.data(), labels});
  size_ += labels;
  storeU16(message_ + size_, static_cast<std::uint16_t>(pointerMark | target));
  size_ += 2;
  return true;
}

// Names of the types of RFC 1035 alone are compressed (RFC 3597 section 4). The RDATA of a zone is valid.
bool TransferWriter::putRdata(Type type, ByteSpan rdata) {
  const CompressibleNames names = compressibleNames(type);
  if (names.count == 0) return putOctets(rdata);
  if (!putOctets(rdata.first(names.prefix))) return false;
  rdata = rdata.subspan(names.prefix);
  for (std::size_t i = 0; i < names.count; ++i) {
    const auto name = NameView::fromWire(rdata);
    if (!name || !putName(*name)) return false;
    rdata = rdata.subspan(name->size());
  }
  return putOctets(rdata);
}

}  // namespace taut
