#include "taut/zone/zone_records.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "canonical_rdata.hpp"
#include "taut/dns/rdata.hpp"

namespace taut {

namespace {

using Octets = std::vector<std::uint8_t>;

// An RRset, its records in canonical order, as a zone has them.
struct ChangedSet {
  Type type{};
  std::uint32_t ttl = 0;
  std::vector<Octets> records;

  friend bool operator==(const ChangedSet&, const ChangedSet&) = default;
};

}  // namespace

// All records of a name of which some have changed; without any the name is gone.
struct detail::ChangedName {
  explicit ChangedName(NameView name) : octets(name.wire().begin(), name.wire().end()) {}

  NameView name() const { return NameView::trusted(octets.data(), octets.size()); }
  const ChangedSet* find(Type type) const {
    const auto found = std::ranges::find(sets, type, &ChangedSet::type);
    return found == sets.end() ? nullptr : &*found;
  }
  bool has(Type type) const { return find(type) != nullptr; }

  Octets octets;                 // of the name
  std::vector<ChangedSet> sets;  // ordered by type
};

namespace {

using detail::ChangedName;
using detail::ChangedNames;

constexpr std::size_t maxRecords = UINT16_MAX;  // of an RRset

// Types whose records say what other records there are, or sign them. KEY and DNSKEY say nothing of other records.
bool isOfSignedZone(Type type) {
  constexpr std::array types{Type::RRSIG,      Type::SIG,    Type::NSEC, Type::NXT,    Type::NSEC3,
                             Type::NSEC3PARAM, Type::ZONEMD, Type::CDS,  Type::CDNSKEY};
  return std::ranges::find(types, type) != types.end();
}

// Whether serial number `a` is greater than `b` (RFC 1982 section 3.2).
bool isGreaterSerial(std::uint32_t a, std::uint32_t b) {
  constexpr std::uint32_t half = 0x80000000;
  return a != b && a - b < half;
}

constexpr std::size_t serialFromEnd = 20;  // octets: five numbers end the RDATA of an SOA (RFC 1035 section 3.3.13)

void addRecord(ChangedName& changed, Type type, std::uint32_t ttl, ByteSpan rdata) {
  auto set = std::ranges::lower_bound(changed.sets, type, {}, &ChangedSet::type);
  if (set == changed.sets.end() || set->type != type) set = changed.sets.insert(set, {type, ttl, {}});
  set->ttl = ttl;
  const auto isBefore = [type](const Octets& left, ByteSpan right) {
    return detail::compareRdata(type, left, right) < 0;
  };
  const auto place = std::lower_bound(set->records.begin(), set->records.end(), rdata, isBefore);
  if (place != set->records.end() && detail::compareRdata(type, *place, rdata) == 0) return;
  set->records.emplace(place, rdata.begin(), rdata.end());
}

void removeRecord(ChangedName& changed, Type type, ByteSpan rdata) {
  const auto set = std::ranges::find(changed.sets, type, &ChangedSet::type);
  if (set == changed.sets.end()) return;
  std::erase_if(set->records, [&](const Octets& record) { return detail::compareRdata(type, record, rdata) == 0; });
  if (set->records.empty()) changed.sets.erase(set);
}

void take(ChangedName& changed, const ZoneChange::Step& step) {
  switch (step.kind) {
    case ZoneChange::Step::Kind::add:
      return addRecord(changed, step.type, step.ttl, step.rdata);
    case ZoneChange::Step::Kind::removeRecord:
      return removeRecord(changed, step.type, step.rdata);
    case ZoneChange::Step::Kind::removeType:
      std::erase_if(changed.sets, [&](const ChangedSet& set) { return set.type == step.type; });
      return;
    case ZoneChange::Step::Kind::removeName:
      return changed.sets.clear();
  }
}

using Problem = std::optional<std::string>;

// What is wrong with a step, whatever else the zone has.
Problem problemOf(const ZoneChange::Step& step, NameView origin) {
  if (!step.owner.isWithin(origin)) return fmt::format("{}: not in the zone {}", step.owner, origin);
  if (step.kind != ZoneChange::Step::Kind::add) return std::nullopt;
  const std::string type = toString(step.type);
  if (step.type == Type{} || isMetaType(step.type))
    return fmt::format("{} {}: no record has this type", step.owner, type);
  if (isOfSignedZone(step.type))
    return fmt::format("{} {}: a zone that changes is not signed, and has no such record", step.owner, type);
  if (!validRdata(step.type, step.rdata)) return fmt::format("{} {}: the RDATA is none of this type", step.owner, type);
  return std::nullopt;
}

Problem problemOfCname(const ChangedName& changed) {
  if (!changed.has(Type::CNAME)) return std::nullopt;
  for (const ChangedSet& set : changed.sets)
    if (set.type != Type::CNAME && set.type != Type::KEY)
      return fmt::format("{} {}: beside a CNAME (RFC 2181 section 10.1)", changed.name(), toString(set.type));
  return std::nullopt;
}

// What is wrong with the records that a name would have: what ZoneBuilder refuses.
Problem problemOf(const ChangedName& changed, NameView origin) {
  const NameView name = changed.name();
  for (const ChangedSet& set : changed.sets) {
    const std::string type = toString(set.type);
    const bool isSingle = set.type == Type::SOA || set.type == Type::CNAME || set.type == Type::DNAME;
    if (isSingle && set.records.size() > 1) return fmt::format("{} {}: there would be two", name, type);
    if (set.records.size() > maxRecords) return fmt::format("{} {}: over 65535 records in one RRset", name, type);
  }
  if (auto problem = problemOfCname(changed)) return problem;
  if (name == origin) {
    if (!changed.has(Type::SOA)) return fmt::format("{} SOA: each zone needs one", name);
    if (!changed.has(Type::NS)) return fmt::format("{} NS: each zone needs one", name);
    if (changed.has(Type::DS)) return fmt::format("{} DS: at the top of the zone, but it belongs to the parent", name);
    return std::nullopt;
  }
  if (changed.has(Type::SOA)) return fmt::format("{} SOA: not at the top of the zone {}", name, origin);
  if (changed.has(Type::NS) && name.isWildcard())
    return fmt::format("{} NS: a wildcard cannot be delegated (RFC 4592 section 4.2)", name);
  return std::nullopt;
}

std::shared_ptr<ChangedName> readNode(NameView name, ZoneNode node) {
  auto records = std::make_shared<ChangedName>(node ? node.owner() : name);
  if (!node) return records;
  for (const RRset rrset : node) {
    ChangedSet& set = records->sets.emplace_back();
    set.type = rrset.type;
    set.ttl = rrset.ttl;
    for (const ByteSpan rdata : rrset) set.records.emplace_back(rdata.begin(), rdata.end());
  }
  return records;
}

// Puts the name into the map, in place of what that has of it. Nothing is allocated.
void put(ChangedNames& names, ChangedNames::node_type node) {
  names.erase(node.key());
  names.insert(std::move(node));
}

void refuseSigned(const Zone& zone) {
  const auto refuse = [](NameView owner, Type type) {
    throw std::invalid_argument(fmt::format(
        "{} {}: the zone is signed, and a change would leave its signatures and proofs wrong", owner, toString(type)));
  };
  for (const auto nodes : {zone.nodes(), zone.nsec3Nodes()})
    for (const ZoneNode node : nodes)
      for (const RRset rrset : node)
        if (isOfSignedZone(rrset.type)) refuse(node.owner(), rrset.type);
}

}  // namespace

ZoneRecords::ZoneRecords(std::shared_ptr<const Zone> zone) : zone_(std::move(zone)) {
  if (!zone_ || !zone_->isLoaded()) throw std::invalid_argument("a zone that is to change is not loaded");
  refuseSigned(*zone_);
}

ZoneRecords::~ZoneRecords() = default;

// A copy of what the name has now.
std::shared_ptr<ChangedName> ZoneRecords::recordsOf(NameView name) const {
  if (const auto found = changed_.find(name); found != changed_.end())
    return std::make_shared<ChangedName>(*found->second);
  if (frozen_)
    if (const auto found = frozen_->find(name); found != frozen_->end())
      return std::make_shared<ChangedName>(*found->second);
  return readNode(name, zone_->node(name));
}

Result<bool, std::string> ZoneRecords::apply(const ZoneChange& change) {
  if (!change.error().empty()) return Failure(change.error());
  const NameView origin = zone_->origin();
  ChangedNames touched;
  for (std::size_t i = 0; i < change.size(); ++i) {
    const ZoneChange::Step step = change.step(i);
    if (auto problem = problemOf(step, origin)) return Failure(std::move(*problem));
    auto found = touched.find(step.owner);
    if (found == touched.end()) {
      auto records = recordsOf(step.owner);
      const NameView name = records->name();
      found = touched.emplace(name, std::move(records)).first;
    }
    take(*found->second, step);
  }
  std::erase_if(touched, [this](const auto& entry) { return entry.second->sets == recordsOf(entry.first)->sets; });
  for (const auto& [name, records] : touched)
    if (auto problem = problemOf(*records, origin)) return Failure(std::move(*problem));
  const bool changes = !touched.empty();
  changed_.reserve(changed_.size() + touched.size());
  while (!touched.empty()) put(changed_, touched.extract(touched.begin()));
  return changes;
}

ZoneRecords::Frozen ZoneRecords::freeze() {
  frozen_ = std::make_shared<const detail::ChangedNames>(std::move(changed_));
  changed_.clear();
  return Frozen(zone_, frozen_);
}

void ZoneRecords::adopt(std::shared_ptr<const Zone> zone) {
  zone_ = std::move(zone);
  frozen_.reset();
}

void ZoneRecords::giveUp() {
  if (!frozen_) return;
  for (const auto& [name, records] : *frozen_) changed_.try_emplace(name, records);
  frozen_.reset();
}

namespace {

// The serial number of the version after that of `before`, for an SOA that has `given`.
std::uint32_t nextSerial(std::uint32_t before, std::uint32_t given) {
  return isGreaterSerial(given, before) ? given : before + 1;
}

class NextVersion {
 public:
  explicit NextVersion(const Zone& before)
      : origin_(before.origin()), before_(before.serial()), builder_(Name(before.origin()), before.rrClass()) {}

  void add(NameView owner, Type type, std::uint32_t ttl, ByteSpan rdata) {
    if (type != Type::SOA || owner != origin_) return builder_.add(owner, type, ttl, rdata);
    Octets soa(rdata.begin(), rdata.end());
    std::uint8_t* const serial = soa.data() + soa.size() - serialFromEnd;
    storeU32(serial, nextSerial(before_, loadU32(serial)));
    builder_.add(owner, type, ttl, soa);
  }

  ZoneBuild build(const std::function<bool()>& goesOn) {
    ZoneChecks checks;
    checks.requireNsAddresses = false;
    return builder_.build(checks, 1, goesOn);
  }

 private:
  NameView origin_;
  std::uint32_t before_;
  ZoneBuilder builder_;
};

}  // namespace

ZoneBuild ZoneRecords::Frozen::build(const std::function<bool()>& goesOn) const {
  NextVersion next(*zone_);
  for (const ZoneNode node : zone_->nodes()) {
    if (node.isEmpty() || changed_->contains(node.owner())) continue;
    for (const RRset rrset : node)
      for (const ByteSpan rdata : rrset) next.add(rrset.owner, rrset.type, rrset.ttl, rdata);
  }
  for (const auto& [name, records] : *changed_)
    for (const ChangedSet& set : records->sets)
      for (const Octets& rdata : set.records) next.add(name, set.type, set.ttl, rdata);
  return next.build(goesOn);
}

}  // namespace taut
