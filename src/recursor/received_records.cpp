#include "received_records.hpp"

#include <algorithm>
#include <cstring>

namespace taut::detail {

namespace {

constexpr std::size_t usualRecords = 32;                 // of a message, for which memory is reserved
constexpr std::size_t maxOwners = std::size_t{4} << 16;  // octets that the owners of one message may become
constexpr std::size_t leastRrsig = 18;                   // octets of an RRSIG's RDATA before the signer's name

}  // namespace

ReceivedRecords::Outcome ReceivedRecords::read(MessageView view) {
  message_ = view.message();
  flags_ = view.flags();
  rcode_ = view.rcode();
  std::size_t expected = 0;
  for (const Section section : {Section::answer, Section::authority, Section::additional})
    expected += view.recordCount(section);
  records_.reserve(std::min(expected, usualRecords));
  owners_.reserve(std::min(expected, usualRecords) * 16);
  for (; expected > 0; --expected) {
    const auto record = view.nextRecord();
    if (!record || (record->type == Type::OPT && !readOpt(*record))) return Outcome::malformed;
    if (record->rrClass != Class::IN || isMetaType(record->type)) continue;
    add(*record);
    if (owners_.size() > maxOwners) return Outcome::tooLarge;
  }
  return Outcome::read;
}

bool ReceivedRecords::readOpt(const Record& record) {
  if (record.section != Section::additional || !record.owner.isRoot() || edns_) return false;
  edns_ = true;
  const auto upper = static_cast<std::uint16_t>(record.ttl >> 24 << 4);
  rcode_ = static_cast<Rcode>(upper | static_cast<std::uint16_t>(rcode_));
  return true;
}

// The owner is kept once where it is that of the record before, as the records of an RRset have it.
void ReceivedRecords::add(const Record& record) {
  ReceivedRecord added;
  const NameView owner = record.owner;
  added.ownerSize = static_cast<std::uint8_t>(owner.size());
  if (!records_.empty() && this->owner(records_.back()).size() == owner.size() &&
      std::memcmp(this->owner(records_.back()).data(), owner.data(), owner.size()) == 0) {
    added.ownerOffset = records_.back().ownerOffset;
  } else {
    added.ownerOffset = static_cast<std::uint32_t>(owners_.size());
    owners_.insert(owners_.end(), owner.wire().begin(), owner.wire().end());
  }
  added.ttl = record.ttl;
  added.rdataOffset = static_cast<std::uint32_t>(record.rdataOffset);
  added.rdataSize = record.rdataSize;
  added.type = added.covered = record.type;
  if (record.type == Type::RRSIG && record.rdataSize > leastRrsig)
    added.covered = static_cast<Type>(loadU16(message_.data() + record.rdataOffset));
  added.section = record.section;
  records_.push_back(added);
}

}  // namespace taut::detail
