#include "taut/dns/reply_builder.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "taut/dns/compression.hpp"

namespace taut {

namespace {

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
  question_ = name;
  questionAt_ = size_;
  writeOctets(name.wire());
  storeU16(buffer_ + size_, static_cast<std::uint16_t>(type));
  storeU16(buffer_ + size_ + 2, static_cast<std::uint16_t>(rrClass));
  size_ += 4;
  ++counts_[0];
  return true;
}

void ReplyBuilder::reserve(std::size_t octets) {
  octets = std::min(octets, room());
  limit_ -= octets;
  reserved_ += octets;
}

void ReplyBuilder::release(std::size_t octets) {
  octets = std::min(octets, reserved_);
  limit_ += octets;
  reserved_ -= octets;
}

// Folded octets from the front of the name, where names of one message differ most.
std::uint64_t ReplyBuilder::keyOf(NameView name) {
  std::uint64_t word;
  if (name.size() >= sizeof word)
    std::memcpy(&word, name.data(), sizeof word);
  else
    word = static_cast<std::uint64_t>(loadU16(name.data())) << 8 | name.data()[2];  // no name but the root is shorter
  return foldCase8(word);
}

std::size_t ReplyBuilder::bucketOf(std::uint64_t key) {
  static_assert(bucketCount == 32);
  return key * 0x9e3779b97f4a7c15 >> 59;
}

void ReplyBuilder::remember(NameView name, std::uint64_t key, std::size_t offset) {
  if (suffixCount_ == maxSuffixes || offset > maxPointerTarget) return;
  std::uint8_t& bucket = buckets_[bucketOf(key)];
  suffixes_[suffixCount_] = {
      name.data(), key, static_cast<std::uint16_t>(offset), static_cast<std::uint8_t>(name.size()), bucket, 0};
  bucket = static_cast<std::uint8_t>(++suffixCount_);
}

void ReplyBuilder::rememberQuestion() {
  for (NameView rest = question_; !rest.isRoot(); rest = rest.parent())
    remember(rest, keyOf(rest), questionAt_ + question_.size() - rest.size());
  question_ = NameView();
  questionSuffixes_ = suffixCount_;
}

const ReplyBuilder::Suffix* ReplyBuilder::findSuffix(NameView name, std::uint64_t key) const {
  for (std::size_t i = buckets_[bucketOf(key)]; i != 0; i = suffixes_[i - 1].next) {
    const Suffix& suffix = suffixes_[i - 1];
    if (suffix.key == key && suffix.size == name.size() && suffix.hops < maxHops &&
        equalFolded(suffix.octets, name.data(), name.size()))
      return &suffix;
  }
  return nullptr;
}

// The newest come first in their chains, so taking them off in reverse order restores the chains.
void ReplyBuilder::forgetSuffixes(std::size_t left) {
  left = std::max(left, questionSuffixes_);
  while (suffixCount_ > left) {
    const Suffix& newest = suffixes_[--suffixCount_];
    buckets_[bucketOf(newest.key)] = newest.next;
  }
}

bool ReplyBuilder::writePointer(std::size_t target) {
  if (room() < 2) return false;
  storeU16(buffer_ + size_, static_cast<std::uint16_t>(pointerMark | target));
  size_ += 2;
  return true;
}

bool ReplyBuilder::writeName(NameView name) {
  // Most replies have no other name than the question's.
  if (!question_.isRoot()) {
    if (name == question_) return writePointer(questionAt_);
    rememberQuestion();
  }
  const std::size_t before = suffixCount_;
  for (NameView rest = name; !rest.isRoot(); rest = rest.parent()) {
    const std::uint64_t key = keyOf(rest);
    if (const Suffix* const known = findSuffix(rest, key)) {
      for (std::size_t i = before; i < suffixCount_; ++i)
        suffixes_[i].hops = static_cast<std::uint8_t>(known->hops + 1);
      return writePointer(known->offset);
    }
    remember(rest, key, size_);
    if (!writeOctets(rest.wire().first(rest.firstLabel().size() + 1))) return false;
  }
  constexpr std::uint8_t root[] = {0};
  return writeOctets(root);
}

bool ReplyBuilder::writeOctets(ByteSpan octets) {
  if (room() < octets.size()) return false;
  copyOctets(buffer_ + size_, octets);
  size_ += octets.size();
  return true;
}

bool ReplyBuilder::writeRdata(Type type, ByteSpan rdata) {
  const CompressibleNames names = compressibleNames(type);
  if (names.count == 0 || rdata.size() < names.prefix) return writeOctets(rdata);
  if (!writeOctets(rdata.first(names.prefix))) return false;
  rdata = rdata.subspan(names.prefix);
  for (unsigned i = 0; i < names.count; ++i) {
    const auto name = NameView::fromWire(rdata);
    if (!name) break;
    if (!writeName(*name)) return false;
    rdata = rdata.subspan(name->size());
  }
  return writeOctets(rdata);
}

// What follows the owner.
bool ReplyBuilder::writeRecord(const RRset& rrset, ByteSpan rdata) {
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
  const std::size_t sizeBefore = size_;
  const std::size_t suffixesBefore = suffixCount_;
  // The first record has the owner, or a pointer to where it is; the others point there too.
  std::size_t ownerAt = 0;
  for (const ByteSpan rdata : rrset) {
    const std::size_t start = size_;
    const bool known = ownerAt != 0 && ownerAt <= maxPointerTarget && !rrset.owner.isRoot();
    const bool owner = known ? writePointer(ownerAt) : writeName(rrset.owner);
    if (!owner || !writeRecord(rrset, rdata)) {
      size_ = sizeBefore;
      forgetSuffixes(suffixesBefore);
      return false;
    }
    if (ownerAt == 0) ownerAt = buffer_[start] < pointerMark >> 8 ? start : loadU16(buffer_ + start) & maxPointerTarget;
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
  ++counts_[static_cast<std::size_t>(Section::additional) + 1];
  return true;
}

void ReplyBuilder::rewind(const Mark& mark) {
  size_ = mark.size;
  forgetSuffixes(mark.suffixes);
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
