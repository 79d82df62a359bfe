#include "taut/dns/reply_builder.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace taut {

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
  if (query.hasQuestion()) putQuestion(query.question());
}

bool ReplyBuilder::putQuestion(const QuestionView& question) {
  if (room() < question.name.size() + 4) return false;
  question_ = question.name;
  questionAt_ = size_;
  writeOctets(question.name.wire());
  storeU16(buffer_ + size_, static_cast<std::uint16_t>(question.type));
  storeU16(buffer_ + size_ + 2, static_cast<std::uint16_t>(question.rrClass));
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

// Octets from the front of the name, case folded: names of one message differ most there.
std::uint64_t ReplyBuilder::keyOf(NameView name) {
  std::uint64_t word;
  if (name.size() >= sizeof word)
    std::memcpy(&word, name.data(), sizeof word);
  else
    word = static_cast<std::uint64_t>(loadU16(name.data())) << 8 | name.data()[2];  // only the root is shorter
  return foldCase8(word);
}

std::size_t ReplyBuilder::bucketOf(std::uint64_t key) {
  static_assert(bucketCount == 32);
  return key * 0x9e3779b97f4a7c15 >> 59;
}

// Whether the question's name ends in this one.
bool ReplyBuilder::isOfQuestion(NameView name) const {
  const std::size_t size = name.size();
  if ((questionSizes_[size / 64] >> size % 64 & 1) == 0) return false;
  return equalFolded(question_.data() + question_.size() - size, name.data(), size);
}

void ReplyBuilder::noteQuestionSizes() {
  questionSizesKnown_ = true;
  for (NameView rest = question_; !rest.isRoot(); rest = rest.parent())
    questionSizes_[rest.size() / 64] |= std::uint64_t{1} << rest.size() % 64;
}

void ReplyBuilder::remember(NameView name, std::uint64_t key, std::size_t offset) {
  if (suffixCount_ == maxSuffixes || offset > maxPointerTarget) return;
  std::uint8_t& bucket = buckets_[bucketOf(key)];
  suffixes_[suffixCount_] = {
      name.data(), key, static_cast<std::uint16_t>(offset), static_cast<std::uint8_t>(name.size()), bucket, 0};
  bucket = static_cast<std::uint8_t>(++suffixCount_);
}

const ReplyBuilder::Suffix* ReplyBuilder::findSuffix(NameView name, std::uint64_t key) const {
  for (std::size_t i = buckets_[bucketOf(key)]; i != 0; i = suffixes_[i - 1].next) {
    const Suffix& suffix = suffixes_[i - 1];
    if (suffix.key == key && suffix.size == name.size() && suffix.pointers < maxPointers &&
        equalFolded(suffix.octets, name.data(), name.size()))
      return &suffix;
  }
  return nullptr;
}

// The newest suffixes come first in their chains, so taking them off, newest first, restores the chains.
void ReplyBuilder::rewind(std::size_t size, std::size_t suffixes) {
  size_ = size;
  if (ownerAt_ >= size) ownerAt_ = 0;
  while (suffixCount_ > suffixes) {
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

// Returns where the name can be read: at its new octets, or at an equal name written before. 0 where there is no room.
std::size_t ReplyBuilder::writeName(NameView name) {
  // Most replies have no other name than the question's.
  if (!questionSizesKnown_) {
    if (!name.isRoot() && name == question_) return writePointer(questionAt_) ? questionAt_ : 0;
    noteQuestionSizes();
  }
  const std::size_t before = suffixCount_;
  const std::size_t start = size_;
  std::size_t target = 0;  // of the pointer that ends the name
  std::uint8_t pointers = 0;
  NameView rest = name;
  for (; !rest.isRoot(); rest = rest.parent()) {
    if (isOfQuestion(rest)) {
      target = questionAt_ + question_.size() - rest.size();
      break;
    }
    const std::uint64_t key = keyOf(rest);
    if (const Suffix* const known = findSuffix(rest, key)) {
      target = known->offset;
      pointers = known->pointers;
      break;
    }
    remember(rest, key, start + name.size() - rest.size());
  }
  if (target == 0) return writeOctets(name.wire()) ? start : 0;
  for (std::size_t i = before; i < suffixCount_; ++i) suffixes_[i].pointers = static_cast<std::uint8_t>(pointers + 1);
  if (!writeOctets(name.wire().first(name.size() - rest.size())) || !writePointer(target)) return 0;
  return rest.size() == name.size() ? target : start;
}

// Records with one owner follow each other, those of an RRset and those of its signatures: each points at the first
// name.
bool ReplyBuilder::writeOwner(NameView owner) {
  if (ownerAt_ != 0 && owner.data() == owner_.data() && owner.size() == owner_.size()) return writePointer(ownerAt_);
  const std::size_t at = writeName(owner);
  owner_ = owner;
  ownerAt_ = at <= maxPointerTarget && !owner.isRoot() ? at : 0;
  return at != 0;
}

bool ReplyBuilder::writeOctets(ByteSpan octets) {
  if (room() < octets.size()) return false;
  copyOctets(buffer_ + size_, octets);
  size_ += octets.size();
  return true;
}

// Writes `count` names from the start of `octets`, compressed, and the octets after them. Octets that are no name are
// copied.
bool ReplyBuilder::writeNames(std::size_t count, ByteSpan octets) {
  for (; count > 0; --count) {
    const auto name = NameView::fromWire(octets);
    if (!name) break;
    if (writeName(*name) == 0) return false;
    octets = octets.subspan(name->size());
  }
  return writeOctets(octets);
}

// Writes a record without its owner.
bool ReplyBuilder::writeRecord(const RRset& rrset, CompressibleNames names, ByteSpan rdata) {
  if (names.count == 0) {
    if (room() < recordFixedSize + rdata.size()) return false;
    writeFixedFields(rrset, rdata.size());
    return writeOctets(rdata);
  }
  if (room() < recordFixedSize) return false;
  writeFixedFields(rrset, 0);
  const std::size_t rdataAt = size_;
  const std::size_t prefix = std::min<std::size_t>(names.prefix, rdata.size());
  if (!writeOctets(rdata.first(prefix)) || !writeNames(names.count, rdata.subspan(prefix))) return false;
  storeU16(buffer_ + rdataAt - 2, static_cast<std::uint16_t>(size_ - rdataAt));
  return true;
}

void ReplyBuilder::writeFixedFields(const RRset& rrset, std::size_t rdataSize) {
  std::uint8_t* const at = buffer_ + size_;
  storeU16(at, static_cast<std::uint16_t>(rrset.type));
  storeU16(at + 2, static_cast<std::uint16_t>(rrset.rrClass));
  storeU32(at + 4, rrset.ttl);
  storeU16(at + 8, static_cast<std::uint16_t>(rdataSize));
  size_ += recordFixedSize;
}

bool ReplyBuilder::put(Section section, const RRset& rrset, std::size_t first) {
  const std::size_t index = static_cast<std::size_t>(section) + 1;
  assert(index >= section_);
  section_ = index;
  if (rrset.count * leastRecordSize > room()) return false;
  const CompressibleNames names = compressibleNames(rrset.type);
  const std::size_t sizeBefore = size_;
  const std::size_t suffixesBefore = suffixCount_;
  RRset::Iterator record = rrset.begin();
  for (std::size_t i = 0; i < first; ++i) ++record;
  for (std::size_t left = rrset.count; left > 0; --left, ++record) {
    if (record == rrset.end()) record = rrset.begin();
    if (!writeOwner(rrset.owner) || !writeRecord(rrset, names, *record)) {
      rewind(sizeBefore, suffixesBefore);
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
  ++counts_[static_cast<std::size_t>(Section::additional) + 1];
  return true;
}

void ReplyBuilder::rewind(const Mark& mark) {
  rewind(mark.size, mark.suffixes);
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
