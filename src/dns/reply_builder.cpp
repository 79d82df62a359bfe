#include "taut/dns/reply_builder.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "taut/dns/compression.hpp"

namespace taut {

namespace {

constexpr std::size_t maxPointerTarget = 0x3fff;
constexpr std::size_t recordFixedSize = 10;  // TYPE, CLASS, TTL, RDLENGTH

}  // namespace

ReplyBuilder::ReplyBuilder(MutableByteSpan buffer, std::size_t limit)
    : buffer_(buffer.data()), limit_(std::min({buffer.size(), limit, maxMessageSize})) {
  assert(limit_ >= messageHeaderSize);
}

void ReplyBuilder::begin(std::uint16_t id, std::uint16_t flags) {
  storeU16(buffer_, id);
  storeU16(buffer_ + 2, flags);
  size_ = messageHeaderSize;
}

void ReplyBuilder::begin(const Query& query, std::uint16_t flags) {
  begin(query.id(), flags);
  if (query.hasQuestion()) putQuestion(query.name(), query.type(), query.rrClass());
}

bool ReplyBuilder::putQuestion(NameView name, Type type, Class rrClass) {
  if (room() < name.size() + 4) return false;
  std::memcpy(buffer_ + size_, name.data(), name.size());
  const std::size_t start = size_;
  size_ += name.size();
  storeU16(buffer_ + size_, static_cast<std::uint16_t>(type));
  storeU16(buffer_ + size_ + 2, static_cast<std::uint16_t>(rrClass));
  size_ += 4;
  ++counts_[0];
  std::size_t offset = start;
  for (NameView rest = name; !rest.isRoot(); rest = rest.parent()) {
    remember(rest, offset);
    offset += rest.firstLabel().size() + 1;
  }
  return true;
}

void ReplyBuilder::reserve(std::size_t octets) {
  limit_ -= std::min(octets, room());
}

void ReplyBuilder::release(std::size_t octets) {
  limit_ += octets;
}

void ReplyBuilder::remember(NameView name, std::size_t offset) {
  if (suffixCount_ == maxSuffixes || offset > maxPointerTarget) return;
  suffixes_[suffixCount_++] = {name.data(), static_cast<std::uint16_t>(offset), static_cast<std::uint8_t>(name.size())};
}

const ReplyBuilder::Suffix* ReplyBuilder::findSuffix(NameView name) const {
  for (std::size_t i = 0; i < suffixCount_; ++i) {
    const Suffix& suffix = suffixes_[i];
    if (suffix.size == name.size() && equalFolded(suffix.octets, name.data(), name.size())) return &suffix;
  }
  return nullptr;
}

bool ReplyBuilder::writeName(NameView name) {
  NameView rest = name;
  for (; !rest.isRoot(); rest = rest.parent()) {
    if (const Suffix* const known = findSuffix(rest)) {
      if (room() < 2) return false;
      storeU16(buffer_ + size_, static_cast<std::uint16_t>(0xc000 | known->offset));
      size_ += 2;
      return true;
    }
    const std::size_t labelSize = rest.firstLabel().size() + 1;
    if (room() < labelSize) return false;
    remember(rest, size_);
    std::memcpy(buffer_ + size_, rest.data(), labelSize);
    size_ += labelSize;
  }
  if (room() < 1) return false;
  buffer_[size_++] = 0;
  return true;
}

bool ReplyBuilder::writeOctets(ByteSpan octets) {
  if (room() < octets.size()) return false;
  if (!octets.empty()) std::memcpy(buffer_ + size_, octets.data(), octets.size());
  size_ += octets.size();
  return true;
}

bool ReplyBuilder::writeRdata(Type type, ByteSpan rdata) {
  const CompressibleNames names = compressibleNames(type);
  if (names.count == 0) return writeOctets(rdata);
  if (rdata.size() < names.prefix || !writeOctets(rdata.first(names.prefix))) return false;
  rdata = rdata.subspan(names.prefix);
  for (unsigned i = 0; i < names.count; ++i) {
    const auto name = NameView::fromWire(rdata);
    if (!name || !writeName(*name)) return false;
    rdata = rdata.subspan(name->size());
  }
  return writeOctets(rdata);
}

// `ownerAt` is where the RRset's first record has its owner: the further ones point there.
bool ReplyBuilder::writeRecord(std::size_t ownerAt, const RRset& rrset, ByteSpan rdata) {
  const bool pointToOwner = ownerAt != size_ && ownerAt <= maxPointerTarget && rrset.owner.size() > 2;
  if (pointToOwner) {
    if (room() < 2) return false;
    storeU16(buffer_ + size_, static_cast<std::uint16_t>(0xc000 | ownerAt));
    size_ += 2;
  } else if (!writeName(rrset.owner)) {
    return false;
  }
  if (room() < recordFixedSize) return false;
  storeU16(buffer_ + size_, static_cast<std::uint16_t>(rrset.type));
  storeU16(buffer_ + size_ + 2, static_cast<std::uint16_t>(rrset.rrClass));
  storeU32(buffer_ + size_ + 4, rrset.ttl);
  size_ += recordFixedSize;
  const std::size_t rdataAt = size_;
  if (!writeRdata(rrset.type, rdata)) return false;
  storeU16(buffer_ + rdataAt - 2, static_cast<std::uint16_t>(size_ - rdataAt));
  return true;
}

bool ReplyBuilder::put(Section section, const RRset& rrset) {
  const std::size_t index = static_cast<std::size_t>(section) + 1;
  assert(std::all_of(counts_.begin() + index + 1, counts_.end(), [](std::uint16_t count) { return count == 0; }));
  const Mark before = mark();
  std::size_t ownerAt = size_;
  if (const Suffix* const known = findSuffix(rrset.owner)) ownerAt = known->offset;
  for (const ByteSpan rdata : rrset) {
    if (!writeRecord(ownerAt, rrset, rdata)) {
      rewind(before);
      return false;
    }
  }
  counts_[index] = static_cast<std::uint16_t>(counts_[index] + rrset.count);
  return true;
}

bool ReplyBuilder::putOpt(std::uint16_t udpPayloadSize, Rcode rcode, bool dnssecOk, ByteSpan options) {
  if (room() < 1 + recordFixedSize + options.size()) return false;
  std::uint8_t* const at = buffer_ + size_;
  at[0] = 0;
  storeU16(at + 1, static_cast<std::uint16_t>(Type::OPT));
  storeU16(at + 3, udpPayloadSize);
  at[5] = static_cast<std::uint8_t>(static_cast<std::uint16_t>(rcode) >> 4);
  at[6] = 0;
  storeU16(at + 7, dnssecOk ? 0x8000 : 0);
  storeU16(at + 9, static_cast<std::uint16_t>(options.size()));
  size_ += 1 + recordFixedSize;
  writeOctets(options);
  ++counts_[3];
  return true;
}

void ReplyBuilder::rewind(const Mark& mark) {
  size_ = mark.size;
  suffixCount_ = mark.suffixes;
  counts_ = mark.counts;
}

void ReplyBuilder::setTruncated() {
  buffer_[2] |= flag::TC >> 8;
}

std::size_t ReplyBuilder::finish() {
  for (std::size_t i = 0; i < counts_.size(); ++i) storeU16(buffer_ + 4 + 2 * i, counts_[i]);
  return size_;
}

}  // namespace taut
