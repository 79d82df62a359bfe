#include "record_changes.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "canonical_rdata.hpp"
#include "change_checks.hpp"
#include "taut/dns/rdata_text.hpp"

namespace taut::detail {

namespace {

constexpr std::size_t mostPrefetched = 32;

bool isNsec3(Type type, ByteSpan rdata) {
  return setOrder(type, rdata) >> 1 == static_cast<std::uint32_t>(Type::NSEC3);
}

bool isSpelledAs(NameView a, NameView b) {
  return std::ranges::equal(a.wire(), b.wire());
}

std::string describe(const ZoneRecord& record) {
  fmt::memory_buffer text;
  printRdata(record.type, record.rdata, text);
  return fmt::format("{} {} {}", record.owner, record.type, fmt::to_string(text));
}

// The records of one list that are not in another in the same way.
void addOthers(NameView owner, const NodeRecords& records, NameView otherOwner, const NodeRecords& others,
               RecordList& list) {
  const bool isSpelledAlike = isSpelledAs(owner, otherOwner);
  for (const PendingSet& set : records.sets()) {
    const auto other = std::ranges::find(others.sets(), set.order, &PendingSet::order);
    const bool mayBeThere = isSpelledAlike && other != others.sets().end() && other->ttl == set.ttl;
    const auto isThere = [&](ByteSpan rdata) {
      const auto found = std::ranges::lower_bound(
          other->records, rdata, [&](ByteSpan a, ByteSpan b) { return compareRdata(set.type, a, b) < 0; });
      return found != other->records.end() && std::ranges::equal(*found, rdata);
    };
    if (set.type == Type::SOA) continue;
    for (const ByteSpan rdata : set.records)
      if (!mayBeThere || !isThere(rdata)) list.add({owner, set.type, set.ttl, rdata});
  }
}

void addSoa(NameView owner, const NodeRecords& records, RecordList& list) {
  const PendingSet* const soa = records.find(Type::SOA);
  list.add({owner, Type::SOA, soa->ttl, soa->records.front()});
}

}  // namespace

bool ChangedOwner::isSameAsBefore() const {
  return records.isSameAs(before) && (records.empty() || isSpelledAs(owner, before.owner()));
}

// In a large zone the owners are far apart in memory: the first ones are fetched all at once.
void RecordChanges::prefetch(std::span<const NameView> owners) const {
  std::array<std::uint64_t, mostPrefetched> hashes;
  std::ranges::transform(owners, hashes.begin(), [](NameView owner) { return owner.hash(); });
  for (std::size_t i = 0; i < owners.size(); ++i) zone_.prefetch(hashes[i]);
  for (std::size_t i = 0; i < owners.size(); ++i) zone_.prefetchNode(hashes[i]);
}

ChangedOwner& RecordChanges::changed(ChangedOwners& owners, NameView owner, bool isOfNsec3) {
  if (const auto found = owners.find(owner); found != owners.end()) return found->second;
  const NodeHeader* const place = isOfNsec3 ? zone_.nsec3Place(owner) : zone_.place(owner, owner.hash());
  const ZoneNode before = place != nullptr ? zone_.current(place) : ZoneNode();
  const NameView spelled = before ? before.owner() : owner;
  return owners.emplace(owner, ChangedOwner{spelled, before, place, NodeRecords(before)}).first->second;
}

ChangedOwner& RecordChanges::ownerOf(NameView owner, Type type, ByteSpan rdata) {
  const bool isOfNsec3 = isNsec3(type, rdata);
  return changed(isOfNsec3 ? nsec3Owners_ : names_, owner, isOfNsec3);
}

RecordChanges::Problem RecordChanges::take(const ZoneChange& change, Serial last) {
  if (!change.error().empty()) return change.error();
  if (auto problem = problemOfSigned(zone_.apex())) return problem;
  std::array<NameView, mostPrefetched> owners;
  const std::size_t first = std::min(change.size(), owners.size());
  for (std::size_t i = 0; i < first; ++i) owners[i] = change.step(i).owner;
  prefetch(std::span(owners).first(first));
  for (std::size_t i = 0; i < change.size(); ++i)
    if (auto problem = takeStep(change.step(i))) return problem;
  if (auto problem = finish()) return problem;
  return empty() ? std::nullopt : setSerial(last);
}

RecordChanges::Problem RecordChanges::takeStep(const ZoneChange::Step& step) {
  if (auto problem = problemOfStep(step, zone_.origin())) return problem;
  ChangedOwner& owner = changed(names_, step.owner, false);
  switch (step.kind) {
    case ZoneChange::Step::Kind::add:
      if (owner.records.empty()) owner.owner = step.owner;
      owner.records.add(step.type, step.ttl, step.rdata);
      break;
    case ZoneChange::Step::Kind::removeRecord:
      owner.records.remove(step.type, step.rdata);
      break;
    case ZoneChange::Step::Kind::removeType:
      owner.records.removeType(step.type);
      break;
    case ZoneChange::Step::Kind::removeName:
      owner.records.removeAll();
      break;
  }
  return std::nullopt;
}

RecordChanges::Problem RecordChanges::setSerial(Serial last) {
  ChangedOwner& apex = changed(names_, zone_.origin(), false);
  const PendingSet soa = *apex.records.find(Type::SOA);
  soa_.assign(soa.records.front().begin(), soa.records.front().end());
  constexpr std::size_t fromEnd = 20;
  std::uint8_t* const serial = soa_.data() + soa_.size() - fromEnd;
  if (isNewer(Serial(loadU32(serial)), last)) return finish();
  storeU32(serial, last.next().value());
  apex.records.removeType(Type::SOA);
  apex.records.add(Type::SOA, soa.ttl, soa_);
  return finish();
}

// Data outside the zone is left out, as ZoneBuilder does.
RecordChanges::Problem RecordChanges::take(const ZoneDifference& difference) {
  std::array<NameView, mostPrefetched> owners;
  std::size_t first = 0;
  for (const ZoneRecord& record : difference.removed())
    if (first < owners.size() && record.owner.isWithin(zone_.origin())) owners[first++] = record.owner;
  prefetch(std::span(owners).first(first));
  for (const ZoneRecord& record : difference.removed()) {
    if (!record.owner.isWithin(zone_.origin())) continue;
    if (!ownerOf(record.owner, record.type, record.rdata).records.remove(record.type, record.rdata))
      return fmt::format("the history differs: {} is to go, and is not there", describe(record));
  }
  for (const ZoneRecord& record : difference.added()) {
    if (!record.owner.isWithin(zone_.origin())) continue;
    if (auto problem = problemOfRecord(record.owner, record.type, record.rdata)) return problem;
    ChangedOwner& owner = ownerOf(record.owner, record.type, record.rdata);
    if (owner.records.empty()) owner.owner = record.owner;
    if (!owner.records.add(record.type, record.ttl, record.rdata))
      return fmt::format("the history differs: {} is to come, and is there", describe(record));
  }
  return std::nullopt;
}

RecordChanges::Problem RecordChanges::finish() {
  for (ChangedOwners* const owners : {&names_, &nsec3Owners_}) {
    std::erase_if(*owners, [](const auto& entry) { return entry.second.isSameAsBefore(); });
    for (const auto& [name, owner] : *owners)
      if (auto problem = problemOfOwner(owner.owner, owner.records, zone_.origin())) return problem;
  }
  return std::nullopt;
}

bool RecordChanges::changesChain() const {
  const auto apex = names_.find(zone_.origin());
  if (apex != names_.end()) {
    const PendingSet* const next = apex->second.records.find(Type::NSEC3PARAM);
    const RRset before = apex->second.before.rrset(Type::NSEC3PARAM).data;
    const std::size_t count = next != nullptr ? next->records.size() : 0;
    if (count != before.count) return true;
    if (next != nullptr && !std::equal(next->records.begin(), next->records.end(), before.begin(), before.end(),
                                       [](ByteSpan a, ByteSpan b) { return std::ranges::equal(a, b); }))
      return true;
  }
  return !zone_.hasNsec3() && !nsec3Owners_.empty() && zone_.apex().has(Type::NSEC3PARAM);
}

ZoneDifference RecordChanges::difference() const {
  RecordList removed;
  RecordList added;
  const NodeRecords apexBefore(zone_.apex());
  const auto apex = names_.find(zone_.origin());
  addSoa(zone_.origin(), apexBefore, removed);
  addSoa(zone_.origin(), apex != names_.end() ? apex->second.records : apexBefore, added);
  for (const ChangedOwners* const owners : {&names_, &nsec3Owners_}) {
    for (const auto& [name, owner] : *owners) {
      const NodeRecords before(owner.before);
      const NameView beforeOwner = owner.before ? owner.before.owner() : owner.owner;
      addOthers(beforeOwner, before, owner.owner, owner.records, removed);
      addOthers(owner.owner, owner.records, beforeOwner, before, added);
    }
  }
  return {std::move(removed), std::move(added)};
}

}  // namespace taut::detail
