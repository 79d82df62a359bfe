#include "taut/dns/answer.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <stdexcept>
#include <string>

#include "taut/base/counted.hpp"

#include "taut/dns/rdata.hpp"

namespace taut {

Answer::Body Answer::movedFrom_(Rcode::SERVFAIL);

Answer::Answer(Rcode rcode) : body_(new Body(rcode)) {}

void Answer::throwMovedFrom() {
  throw std::logic_error("an answer was used that had been moved from");
}

void Answer::release(Body* body) {
  delete body;
}

// `rrset` may be an entry of this answer, and move.
void Answer::append(Section section, const RRset& rrset, bool required) {
  changeable().records += rrset.count;
  ++body_->sectionCounts[static_cast<std::size_t>(section)];
  const std::size_t index = body_->count++;
  if (index < inlineEntries) {
    new (&body_->entries[index]) Entry{rrset, section, required};
  } else {
    body_->more().entries.push_back(Entry{rrset, section, required});
  }
}

std::uint8_t* Answer::allocate(std::size_t size) {
  constexpr std::size_t blockSize = 4096;
  if (isMovedFrom()) [[unlikely]]
    throwMovedFrom();
  if (body_->arenaSize - body_->arenaUsed < size) {
    body_->arenaSize = std::max(size, blockSize);
    auto& blocks = body_->more().blocks;
    blocks.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(body_->arenaSize));
    body_->arena = blocks.back().get();
    body_->arenaUsed = 0;
  }
  body_->arenaUsed += size;
  return body_->arena + body_->arenaUsed - size;
}

static Answer negative(Rcode rcode, NameView zone, std::chrono::seconds ttl, const rdata::SOA& soa) {
  Answer answer(rcode);
  answer.setAuthoritative(true);
  answer.add(zone, std::min(ttl, std::chrono::seconds(soa.minimum)), soa, Section::authority);
  return answer;
}

Answer Answer::noData(NameView zone, std::chrono::seconds ttl, const rdata::SOA& soa) {
  return negative(Rcode::NOERROR, zone, ttl, soa);
}

Answer Answer::nameError(NameView zone, std::chrono::seconds ttl, const rdata::SOA& soa) {
  return negative(Rcode::NXDOMAIN, zone, ttl, soa);
}

void Answer::addRecord(Section section, NameView owner, Type type, Class rrClass, std::uint32_t ttl, ByteSpan rdata) {
  assert(rdata.size() <= maxRdataSize);
  std::uint8_t* const stored = allocate(rdata.size() + 2);
  storeU16(stored, static_cast<std::uint16_t>(rdata.size()));
  copyOctets(stored + 2, rdata);
  RRset rrset;
  // Records often follow others of the same owner: they share one copy of the name.
  const Entry* const last = body_->count > 0 ? &body_->entry(body_->count - 1) : nullptr;
  const bool sameOwner = last && last->rrset.owner.size() == owner.size() &&
                         std::memcmp(last->rrset.owner.data(), owner.data(), owner.size()) == 0;
  rrset.owner = sameOwner ? last->rrset.owner : keep(owner);
  rrset.rdata = stored;
  rrset.ttl = std::min(ttl, maxTtl);
  rrset.type = type;
  rrset.rrClass = rrClass;
  rrset.count = 1;
  append(section, rrset, true);
}

void Answer::addRRset(Section section, const RRset& rrset) {
  std::size_t size = 0;
  for (const ByteSpan octets : rrset) size += octets.size() + 2;
  RRset copy = rrset;
  std::uint8_t* const stored = allocate(size);
  copyOctets(stored, {rrset.rdata, size});
  copy.rdata = stored;
  copy.owner = keep(rrset.owner);
  append(section, copy, true);
}

void Answer::borrowRRset(Section section, const RRset& rrset) {
  append(section, rrset, true);
}

void Answer::borrowGlue(const RRset& rrset) {
  append(Section::additional, rrset, true);
}

void Answer::borrowAdditional(const RRset& rrset) {
  append(Section::additional, rrset, false);
}

// Cut so that no character of several octets is left in part.
static std::string_view cutText(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

void Answer::setExtendedError(ExtendedErrorCode code, std::string_view text) {
  const std::string_view cut = cutText(text, ExtendedError::maxText);
  auto* const stored = reinterpret_cast<char*>(allocate(cut.size()));
  std::ranges::copy(cut, stored);
  body_->extendedError = {code, {stored, cut.size()}};
  body_->hasExtendedError = body_->hasOptions = true;
}

static bool isWrittenByServer(EdnsOption code) {
  switch (code) {
    case EdnsOption::NSID:
    case EdnsOption::CLIENT_SUBNET:
    case EdnsOption::COOKIE:
    case EdnsOption::EXPIRE:
    case EdnsOption::KEEPALIVE:
    case EdnsOption::EDE:
      return true;
    default:
      return false;
  }
}

// The options are few, so they are copied anew, in order, each time that one is added.
bool Answer::addOption(EdnsOption code, ByteSpan octets) {
  constexpr std::size_t headerSize = 4;
  if (isWrittenByServer(code) || octets.size() > maxOptions - headerSize) return false;
  const ByteSpan before = options();
  const std::size_t size = before.size() + headerSize + octets.size();
  if (size > maxOptions) return false;
  std::uint8_t* const stored = allocate(size);
  ByteWriter writer{MutableByteSpan(stored, size)};
  writer.bytes(before);
  writer.u16(static_cast<std::uint16_t>(code));
  writer.u16(static_cast<std::uint16_t>(octets.size()));
  writer.bytes(octets);
  body_->options = stored;
  body_->optionsSize = static_cast<std::uint16_t>(size);
  body_->hasOptions = true;
  return true;
}

NameView Answer::keep(NameView name) {
  std::uint8_t* const stored = allocate(name.size());
  copyOctets(stored, name.wire());
  return NameView::trusted(stored, name.size());
}

void Answer::pin(const PinnedStorage& storage) {
  if (isMovedFrom()) [[unlikely]]
    throwMovedFrom();
  for (std::size_t i = 0; i < std::min<std::size_t>(body_->pinCount, inlinePins); ++i)
    if (body_->pins[i].get() == &storage) return;
  LocalRef<const PinnedStorage> reference(&storage);
  if (body_->pinCount < inlinePins)
    body_->pins[body_->pinCount] = std::move(reference);
  else
    body_->more().pins.push_back(std::move(reference));
  ++body_->pinCount;
}

std::size_t Answer::recordCount(Section section) const {
  std::size_t count = 0;
  forEach(section, [&](const RRset& rrset) { count += rrset.count; });
  return count;
}

std::size_t Answer::recordCount() const {
  return recordCount(Section::answer) + recordCount(Section::authority) + recordCount(Section::additional);
}

}  // namespace taut

fmt::format_context::iterator fmt::formatter<taut::Answer>::format(const taut::Answer& answer,
                                                                   fmt::format_context& context) const {
  const std::string text = answer.isNoReply()
                               ? "no reply"
                               : taut::toString(answer.rcode()) + ", " + taut::counted(answer.recordCount(), "record");
  return std::copy(text.begin(), text.end(), context.out());
}
