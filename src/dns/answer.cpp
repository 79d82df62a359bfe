#include "taut/dns/answer.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace taut {

// Bodies of earlier answers, for the next ones on this thread. Bounded: in a burst, what exceeds the bound goes back to
// the heap.
class Answer::Pool {
 public:
  Pool() = default;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() {
    while (Body* body = take()) delete body;
  }

  Body* take() {
    if (!first_) return nullptr;
    Body* const body = first_;
    first_ = body->next;
    --size_;
    return body;
  }

  bool give(Body* body) {
    if (size_ == maxSize) return false;
    body->next = first_;
    first_ = body;
    ++size_;
    return true;
  }

  static Pool& ofThisThread() {
    thread_local Pool pool;
    return pool;
  }

 private:
  static constexpr std::size_t maxSize = 1024;  // of 2 to 5 KiB each

  Body* first_ = nullptr;
  std::size_t size_ = 0;
};

Answer::Body* Answer::acquire() {
  Body* const body = Pool::ofThisThread().take();
  return body ? body : new Body;
}

// Enough for the referral of a top-level domain. A larger answer leaves no memory in the pool.
bool Answer::isWorthKeeping(const Overflow& overflow) {
  constexpr std::size_t kept = 64;
  return std::max({overflow.entries.capacity(), overflow.pins.capacity(), overflow.blocks.capacity()}) <= kept;
}

void Answer::reset(Body& body) {
  for (std::size_t i = std::min<std::size_t>(body.pinCount, inlinePins); i > 0; --i) body.pins[i - 1].reset();
  body.authoritative = body.authenticData = body.truncated = body.hasExtendedError = false;
  body.noReply = body.transient = false;
  body.count = body.pinCount = 0;
  body.sectionCounts = {};
  body.records = 0;
  body.sourceOfSynthesis = NameView();
  body.source = nullptr;
  body.arenaUsed = 0;
  if (!body.overflow) return;
  body.overflow->entries.clear();
  body.overflow->pins.clear();
  body.overflow->blocks.clear();
  body.arena = body.inlineBytes.data();
  body.arenaSize = inlineArena;
}

void Answer::release(Body* body) {
  const bool keep = !body->overflow || isWorthKeeping(*body->overflow);
  if (keep) reset(*body);
  if (!keep || !Pool::ofThisThread().give(body)) delete body;
}

Answer::Answer(Rcode rcode) : body_(acquire()) {
  body_->rcode = rcode;
}

// `rrset` may be an entry of this answer, and move.
void Answer::append(Section section, const RRset& rrset, bool required) {
  body_->records += rrset.count;
  ++body_->sectionCounts[static_cast<std::size_t>(section)];
  const std::size_t index = body_->count++;
  if (index < inlineEntries) {
    Entry& entry = body_->entries[index];
    entry.rrset = rrset;
    entry.section = section;
    entry.required = required;
  } else {
    body_->more().entries.push_back(Entry{rrset, section, required});
  }
}

std::uint8_t* Answer::allocate(std::size_t size) {
  constexpr std::size_t blockSize = 4096;
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

std::uint32_t Answer::clampTtl(std::chrono::seconds ttl) {
  return static_cast<std::uint32_t>(std::clamp<std::chrono::seconds::rep>(ttl.count(), 0, maxTtl));
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
  addRRset(section, rrset);
}

void Answer::addRRset(Section section, const RRset& rrset) {
  append(section, rrset, true);
}

void Answer::addGlue(const RRset& rrset) {
  addRRset(Section::additional, rrset);
}

void Answer::addAdditional(const RRset& rrset) {
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
  body_->hasExtendedError = true;
}

NameView Answer::keep(NameView name) {
  std::uint8_t* const stored = allocate(name.size());
  copyOctets(stored, name.wire());
  return NameView::trusted(stored, name.size());
}

void Answer::pin(const PinnedStorage& storage) {
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
