#include "zone_assembler.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "canonical_rdata.hpp"
#include "parallel.hpp"
#include "taut/dns/rdata.hpp"

namespace taut {

namespace {

using detail::compareRdata;
using detail::LoggedRecord;
using detail::nodeUnit;
using detail::OwnerRun;
using detail::RRsetEntry;
namespace nodeflag = detail::nodeflag;

constexpr std::uint16_t valueOf(Type type) {
  return static_cast<std::uint16_t>(type);
}

std::size_t alignUp(std::size_t size, std::size_t unit) {
  return (size + unit - 1) / unit * unit;
}

bool covers(const LoggedRecord& record, Type covered) {
  return record.type == valueOf(Type::RRSIG) && record.size >= 2 && loadU16(record.rdata().data()) == valueOf(covered);
}

bool isNsec3Part(const LoggedRecord& record) {
  return record.type == valueOf(Type::NSEC3) || covers(record, Type::NSEC3);
}

// The canonical order of names (RFC 4034 section 6.1) as an order of octets: labels from the right, folded, each behind
// a zero; zeroes and ones within labels are written as two octets. The key of an ancestor is a prefix.
std::size_t writeKey(NameView name, std::size_t originSize, std::uint8_t* key) {
  std::array<std::uint8_t, maxLabelCount> offsets;
  std::size_t labels = 0;
  for (std::size_t at = 0; at + originSize < name.size(); at += name.data()[at] + 1u)
    offsets[labels++] = static_cast<std::uint8_t>(at);
  std::uint8_t* out = key;
  while (labels > 0) {
    const std::uint8_t* label = name.data() + offsets[--labels];
    for (const std::uint8_t* end = label + 1 + *label; ++label != end;) {
      const std::uint8_t octet = foldCase(*label);
      if (octet <= 1) {
        *out++ = 1;
        *out++ = static_cast<std::uint8_t>(octet + 1);
      } else {
        *out++ = octet;
      }
    }
    *out++ = 0;
  }
  return static_cast<std::size_t>(out - key);
}

std::uint64_t keyPrefix(const std::uint8_t* key, std::size_t size) {
  std::uint64_t prefix = 0;
  std::memcpy(&prefix, key, std::min<std::size_t>(size, 8));
  return __builtin_bswap64(prefix);
}

bool mayHaveTarget(Type type) {
  switch (type) {
    case Type::A:
    case Type::AAAA:
    case Type::CNAME:
    case Type::TXT:
    case Type::SOA:
    case Type::RRSIG:
    case Type::NSEC:
    case Type::NSEC3:
    case Type::DS:
    case Type::DNSKEY:
      return false;
    default:
      return true;
  }
}

}  // namespace

ZoneAssembler::ZoneAssembler(detail::RecordLog& log, std::optional<Name> origin, Class rrClass,
                             const ZoneChecks& checks, detail::DiagnosticList& diagnostics, unsigned threads)
    : log_(log), origin_(origin), rrClass_(rrClass), checks_(checks), diagnostics_(diagnostics), threads_(threads) {}

ZoneAssembler::~ZoneAssembler() = default;

std::shared_ptr<const Zone> ZoneAssembler::assemble(const std::function<bool()>& goesOn) {
  const auto ends = [&goesOn] { return goesOn && !goesOn(); };
  if (!findOrigin() || ends()) return nullptr;
  sortOwners();
  if (ends() || !reserve()) return nullptr;
  if (log_.hasNsec3()) readNsec3Parameters();
  writeAll();
  if (diagnostics_.failed() || ends()) return nullptr;
  placeLists();
  indexNodes();
  if (ends()) return nullptr;
  linkTargets();
  if (nsec3Parameters_) linkNsec3();
  if (checks_.verifyZonemd) checkZonemd();
  if (diagnostics_.failed()) return nullptr;
  return zone_;
}

bool ZoneAssembler::findOrigin() {
  bool found = false;
  for (std::size_t index = 0; index < log_.runCount(); ++index) {
    const OwnerRun& run = log_.run(index);
    const LoggedRecord* record = run.first();
    for (std::uint32_t i = 0; i < run.count && !found; ++i, record = record->next()) {
      if (record->type != valueOf(Type::SOA)) continue;
      if (!origin_) origin_ = Name(run.name());
      found = run.name() == *origin_;
    }
    if (found) return true;
  }
  error(origin_ ? fmt::format("zone {} has no SOA record", origin_->toString()) : "there is no SOA record");
  return false;
}

void ZoneAssembler::sortOwners() {
  const NameView origin = *origin_;
  sorted_.reserve(log_.runCount());
  // Files are in order more often than not, but for a few records at their head: a few stretches are merged.
  constexpr std::size_t few = 8;
  std::vector<std::size_t> borders;  // where a stretch ends that is in order
  const auto less = [](const Sorted& a, const Sorted& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const int order = std::memcmp(a.key, b.key, std::min(a.keySize, b.keySize));
    if (order != 0) return order < 0;
    return a.keySize != b.keySize ? a.keySize < b.keySize : a.run < b.run;
  };
  for (std::uint32_t i = 0; i < log_.runCount(); ++i) {
    const OwnerRun& run = log_.run(i);
    const NameView owner = run.name();
    if (!owner.isWithin(origin)) {
      const LoggedRecord* record = run.first();
      for (std::uint32_t j = 0; j < run.count; ++j, record = record->next())
        warning(fmt::format("{} {}: outside the zone {}, left out", owner.toString(),
                            toString(static_cast<Type>(record->type)), origin.toString()),
                RecordPlace{log_.file(run.file), record->line});
      continue;
    }
    std::array<std::uint8_t, 2 * maxNameSize> key;
    const std::size_t size = writeKey(owner, origin.size(), key.data());
    std::uint8_t* const stored = keys_.allocate(std::max<std::size_t>(size, 1));  // the apex has an empty key
    std::memcpy(stored, key.data(), size);
    sorted_.push_back({keyPrefix(stored, size), stored, i, static_cast<std::uint16_t>(size)});
    if (sorted_.size() > 1 && borders.size() <= few && less(sorted_.back(), sorted_[sorted_.size() - 2]))
      borders.push_back(sorted_.size() - 1);
  }
  if (borders.size() > few) return detail::sortInParts(threads_, sorted_.begin(), sorted_.end(), less);
  const auto at = [this](std::size_t index) { return sorted_.begin() + static_cast<std::ptrdiff_t>(index); };
  borders.push_back(sorted_.size());
  for (std::size_t i = 1; i < borders.size(); ++i) std::inplace_merge(at(0), at(borders[i - 1]), at(borders[i]), less);
}

// Makes room for nodes and lists. It need not be exact, because room that is not touched costs nothing.
bool ZoneAssembler::reserve() {
  std::size_t nodes = 0;
  std::size_t capacity = log_.rdataSize() + log_.recordCount() * 24;
  const Sorted* before = nullptr;
  for (const Sorted& one : sorted_) {
    // A label of the key that differs from the name before is a node; and one more, for a place in the NSEC3 chain.
    std::size_t same = 0;
    if (before != nullptr)
      same = static_cast<std::size_t>(
          std::mismatch(one.key, one.key + std::min(one.keySize, before->keySize), before->key).first - one.key);
    if (before == nullptr || same < one.keySize || one.keySize != before->keySize) {
      const auto added = 1 + static_cast<std::size_t>(std::count(one.key + same, one.key + one.keySize, 0));
      nodes += added;
      capacity += added * (log_.run(one.run).ownerSize + 32u);
    }
    before = &one;
  }
  // Nodes are counted in units of 32 bits, and links reach half as far in either direction.
  constexpr std::size_t largest = std::size_t{8} << 30;
  if (capacity >= largest) {
    error(fmt::format("zone {} is too large: over 8 GiB", origin_->toString()));
    return false;
  }
  listsBound_ = (nodes / 8 + 2) * sizeof(Zone::Bucket) + 5 * nodes * sizeof(std::uint32_t);
  zone_ = std::shared_ptr<Zone>(new Zone);
  block_ = detail::Block(capacity + listsBound_);
  nodes_ = block_.data();
  return true;
}

// The chain that answers are made from: the first NSEC3PARAM that we can compute (RFC 5155 section 4).
void ZoneAssembler::readNsec3Parameters() {
  std::size_t count = 1;
  while (count < sorted_.size() && sorted_[count].keySize == 0) ++count;
  gather(Plan{*origin_, 0, count}, Part::ordinary);
  for (const Member& member : members_) {
    if (member.record->type != valueOf(Type::NSEC3PARAM)) continue;
    const ByteSpan rdata = member.record->rdata();
    if (rdata.size() < 5 || rdata[0] != 1 || rdata[1] != 0) continue;
    nsec3Salt_.assign(rdata.begin() + 5, rdata.end());
    nsec3Parameters_ = Nsec3Parameters{rdata[0], loadU16(rdata.data() + 2), nsec3Salt_};
    break;
  }
  checkNsec3();
}

// Afterwards all that there is about the records is in the nodes.
void ZoneAssembler::writeAll() {
  order_.reserve(sorted_.size());
  for (std::size_t first = 0; first < sorted_.size();) {
    std::size_t end = first + 1;
    while (end < sorted_.size() && sorted_[end].keySize == sorted_[first].keySize &&
           std::memcmp(sorted_[end].key, sorted_[first].key, sorted_[first].keySize) == 0)
      ++end;
    writeOwner(first, end - first);
    for (; first < end; ++first) log_.release(log_.run(sorted_[first].run));
  }
  log_.releaseAll();
  sorted_ = {};
  keys_ = {};
}

// Records of one owner: a node, or a place in the NSEC3 chain, which is no node that names can be found at (RFC 5155
// section 7.2.8), or both.
void ZoneAssembler::writeOwner(std::size_t firstSorted, std::size_t count) {
  const Sorted& place = sorted_[firstSorted];
  Plan plan{log_.run(place.run).name(), firstSorted, count};
  bool ordinary = false;
  bool nsec3 = false;
  for (std::size_t i = 0; i < count; ++i) {
    const OwnerRun& run = log_.run(sorted_[firstSorted + i].run);
    const LoggedRecord* record = run.first();
    for (std::uint32_t j = 0; j < run.count; ++j, record = record->next()) {
      const bool inChain = isNsec3Part(*record);
      nsec3 = nsec3 || inChain;
      ordinary = ordinary || !inChain;
      if (record->type == valueOf(Type::NS)) plan.flags |= nodeflag::cut;
      if (record->type == valueOf(Type::DNAME)) plan.flags |= nodeflag::dname;
      if (record->type == valueOf(Type::CNAME)) plan.flags |= nodeflag::cname;
      if (record->type == valueOf(Type::NSEC)) ++nsecCount_;
    }
  }
  if (ordinary) {
    writeAncestors(plan.owner, place);
    writeBelow(plan, place.key, place.keySize);
  }
  if (nsec3) nsec3Owners_.push_back(writeNode(Plan{plan.owner, firstSorted, count}, Part::nsec3));
}

// Writes the empty non-terminals between the nearest node above `owner` and it.
void ZoneAssembler::writeAncestors(NameView owner, const Sorted& place) {
  const auto isAbove = [&](const Ancestor& ancestor) {
    return ancestor.keySize < place.keySize && std::memcmp(ancestor.key, place.key, ancestor.keySize) == 0;
  };
  while (!ancestors_.empty() && !isAbove(ancestors_.back())) ancestors_.pop_back();
  if (ancestors_.empty()) return;
  const std::size_t labels = owner.labelCount();
  for (std::size_t depth = ancestors_.back().labelCount + 1; depth < labels; ++depth) {
    std::size_t keySize = ancestors_.back().keySize;
    while (place.key[keySize++] != 0) continue;
    writeBelow(Plan{owner.suffix(depth)}, place.key, keySize);
  }
}

// Writes a node below the last of the ancestors, and makes it one.
void ZoneAssembler::writeBelow(Plan plan, const std::uint8_t* key, std::size_t keySize) {
  constexpr auto hides = nodeflag::cut | nodeflag::dname;
  if (ancestors_.empty()) {
    plan.flags = static_cast<std::uint16_t>((plan.flags & ~nodeflag::cut) | nodeflag::apex);
  } else {
    plan.parent = ancestors_.back().units;
    detail::NodeHeader& parent = *headerAt(plan.parent);
    if ((parent.flags & (hides | nodeflag::occluded)) != 0)
      plan.flags = static_cast<std::uint16_t>((plan.flags & ~hides) | nodeflag::occluded);
    if (plan.owner.isWildcard()) parent.flags |= nodeflag::wildcardChild;
  }
  if (nsec3Parameters_ && (plan.flags & nodeflag::occluded) == 0) plan.flags |= nodeflag::nsec3Links;
  const std::uint32_t units = writeNode(plan, Part::ordinary);
  order_.push_back(units);
  ancestors_.push_back({units, plan.owner.labelCount(), key, keySize});
}

// Fills `members_` with the records of a node, those of one RRset together, its signatures behind it.
void ZoneAssembler::gather(const Plan& plan, Part part) {
  members_.clear();
  for (std::size_t i = 0; i < plan.runCount; ++i) {
    const OwnerRun& run = log_.run(sorted_[plan.firstRun + i].run);
    const LoggedRecord* record = run.first();
    for (std::uint32_t j = 0; j < run.count; ++j, record = record->next()) {
      if (isNsec3Part(*record) != (part == Part::nsec3)) continue;
      std::uint32_t order = std::uint32_t{record->type} << 1;
      if (record->type == valueOf(Type::RRSIG) && record->size >= 2)
        order = std::uint32_t{loadU16(record->rdata().data())} << 1 | 1;
      members_.push_back({order, static_cast<std::uint32_t>(members_.size()), record, run.file});
    }
  }
  const auto before = [](const Member& a, const Member& b) {
    return a.order != b.order ? a.order < b.order : a.place < b.place;
  };
  if (!std::is_sorted(members_.begin(), members_.end(), before)) std::sort(members_.begin(), members_.end(), before);
}

std::uint32_t ZoneAssembler::writeNode(const Plan& plan, Part part) {
  gather(plan, part);
  const auto units = static_cast<std::uint32_t>(written_ / nodeUnit);
  std::uint8_t* const node = nodes_ + written_;
  auto* const header = reinterpret_cast<detail::NodeHeader*>(node);
  std::size_t size = sizeof *header;
  if ((plan.flags & nodeflag::nsec3Links) != 0) size += sizeof(detail::Nsec3Links);

  std::uint16_t sets = 0;
  for (std::size_t i = 0; i < members_.size(); ++i) sets += i == 0 || members_[i].order != members_[i - 1].order;
  auto* const entries = reinterpret_cast<RRsetEntry*>(node + size);
  size += sets * sizeof(RRsetEntry);
  std::memcpy(node + size, plan.owner.data(), plan.owner.size());
  written_ += size + plan.owner.size();

  std::uint16_t index = 0;
  for (std::size_t first = 0; first < members_.size();) {
    std::size_t end = first + 1;
    while (end < members_.size() && members_[end].order == members_[first].order) ++end;
    const auto members = sortSet(plan, std::span(members_).subspan(first, end - first));
    RRsetEntry& entry = entries[index++];
    writeSet(plan, members, entry, node);
    if ((entry.ttl & ~detail::ttlMask) != 0)
      linked_.push_back({units, static_cast<std::uint16_t>(index - 1), members.front().file});
    first = end;
  }
  checkNode(plan);
  header->parent = units - plan.parent;
  header->flags = plan.flags;
  header->entryCount = sets;
  header->rrClass = static_cast<std::uint16_t>(rrClass_);
  header->nameSize = static_cast<std::uint8_t>(plan.owner.size());
  header->labelCount = static_cast<std::uint8_t>(plan.owner.labelCount());
  written_ = alignUp(written_, nodeUnit);
  return units;
}

// Canonical order within the RRset (RFC 4034 section 6.3), without records that are there twice (RFC 2181 section 5);
// the TTL is that of the record that came first.
std::span<ZoneAssembler::Member> ZoneAssembler::sortSet(const Plan& plan, std::span<Member> members) {
  if (members.size() == 1) return members;
  checkSet(plan, members);
  const auto type = static_cast<Type>(members.front().record->type);
  const std::uint32_t ttl = members.front().record->ttl;
  std::sort(members.begin(), members.end(), [type](const Member& a, const Member& b) {
    const auto order = compareRdata(type, a.record->rdata(), b.record->rdata());
    return order != 0 ? order < 0 : a.place < b.place;
  });
  const auto same = [&](const Member& a, const Member& b) {
    if (compareRdata(type, a.record->rdata(), b.record->rdata()) != 0) return false;
    warning(
        fmt::format("{} {}: the same record is also in line {}", plan.owner.toString(), toString(type), a.record->line),
        b);
    return true;
  };
  const auto end = std::unique(members.begin(), members.end(), same);
  members = members.first(static_cast<std::size_t>(end - members.begin()));
  if (members.size() > UINT16_MAX)
    error(fmt::format("{} {}: over 65535 records in one RRset", plan.owner.toString(), toString(type)),
          members.front());
  members.front().place = ttl;  // `place` has served; writeSet() takes the TTL from here
  return members;
}

void ZoneAssembler::writeSet(const Plan& plan, std::span<Member> members, RRsetEntry& entry, const std::uint8_t* node) {
  const LoggedRecord& front = *members.front().record;
  const auto type = static_cast<Type>(front.type);
  const bool authoritativeOrCut = (plan.flags & nodeflag::occluded) == 0;
  bool linked = false;
  if (authoritativeOrCut && mayHaveTarget(type)) {
    linked = std::any_of(members.begin(), members.end(), [&](const Member& member) {
      const auto target = additionalName(type, member.record->rdata());
      return target && (target->isWithin(*origin_) || target->isRoot());
    });
  }
  if (linked) {
    written_ = alignUp(written_, sizeof(std::int32_t));
    for (const Member& member : members) {
      const std::uint32_t line = member.file == members.front().file ? member.record->line : 0;
      std::memcpy(nodes_ + written_, &line, sizeof line);
      written_ += sizeof line;
    }
  }
  entry.type = front.type;
  entry.count = static_cast<std::uint16_t>(members.size());
  entry.ttl = members.size() == 1 ? front.ttl : members.front().place;
  if (linked) entry.ttl |= ~detail::ttlMask;
  entry.rdata = static_cast<std::uint32_t>(nodes_ + written_ - node);
  for (const Member& member : members) {
    const ByteSpan rdata = member.record->rdata();
    storeU16(nodes_ + written_, static_cast<std::uint16_t>(rdata.size()));
    if (!rdata.empty()) std::memcpy(nodes_ + written_ + 2, rdata.data(), rdata.size());
    written_ += 2 + rdata.size();
  }
  zone_->recordCount_ += members.size();
}

// Puts the lists behind the nodes, and gives back the room that is left.
void ZoneAssembler::placeLists() {
  const std::size_t nodeCount = order_.size();
  const std::size_t bucketCount = nodeCount / 8 + 1;
  const std::size_t bucketsAt = alignUp(written_, sizeof(Zone::Bucket));
  const std::size_t chain = nsec3Parameters_ ? nsec3Owners_.size() : 0;
  const std::size_t listed = nodeCount + nsec3Owners_.size() + 2 * chain + nsecCount_;
  const std::size_t listsAt = bucketsAt + bucketCount * sizeof(Zone::Bucket);
  block_.shrink(listsAt + listed * sizeof(std::uint32_t));
  nodes_ = block_.data();  // it may have moved

  auto* const buckets = nodes_ + bucketsAt;
  std::memset(buckets, 0, bucketCount * sizeof(Zone::Bucket));
  auto* const order = reinterpret_cast<std::uint32_t*>(nodes_ + listsAt);
  std::uint32_t* const nsec3Owners = std::copy(order_.begin(), order_.end(), order);
  nsec3Chain_ = std::copy(nsec3Owners_.begin(), nsec3Owners_.end(), nsec3Owners);
  nsec3Prefixes_ = nsec3Chain_ + chain;
  nsecChain_ = nsec3Prefixes_ + chain;
  order_ = {};
  nsec3Owners_ = {};

  zone_->buckets_ = reinterpret_cast<const Zone::Bucket*>(buckets);
  zone_->bucketCount_ = bucketCount;
  zone_->nodeCount_ = static_cast<std::uint32_t>(nodeCount);
  zone_->nsec3OwnerCount_ = static_cast<std::uint32_t>(nsec3Chain_ - nsec3Owners);
  zone_->nodes_ = nodes_;
  zone_->order_ = order;
  zone_->nsec3Owners_ = nsec3Owners;
  zone_->nsec3Chain_ = nsec3Chain_;
  zone_->nsec3Prefixes_ = nsec3Prefixes_;
  zone_->nsecChain_ = nsecChain_;
  zone_->rrClass_ = rrClass_;
  zone_->origin_ = zone_->apex().owner();
}

void ZoneAssembler::indexNodes() {
  // Buckets are far apart: ask for each some nodes before it is filled.
  constexpr std::size_t ahead = 16;
  std::array<std::uint64_t, ahead> hashes;
  const std::size_t count = zone_->nodeCount_;
  const std::uint32_t* const order = zone_->order_;
  auto* const buckets = const_cast<Zone::Bucket*>(zone_->buckets_);
  const auto insert = [&](std::size_t i) {
    const std::uint64_t hash = hashes[i % ahead];
    for (std::size_t bucket = zone_->bucketOf(hash);; bucket = bucket + 1 == zone_->bucketCount_ ? 0 : bucket + 1) {
      Zone::Bucket& place = buckets[bucket];
      for (std::size_t slot = 0; slot < Zone::Bucket::capacity; ++slot) {
        if (place.tags[slot] != 0) continue;
        place.tags[slot] = Zone::tagOf(hash);
        place.nodes[slot] = order[i];
        return;
      }
    }
  };
  for (std::size_t i = 0; i < count + ahead; ++i) {
    if (i >= ahead) insert(i - ahead);
    if (i >= count) continue;
    const ZoneNode node(zone_->nodeAt(order[i]));
    hashes[i % ahead] = node.owner().hash();
    zone_->prefetch(hashes[i % ahead]);
    if (!node.isOccluded() && nsecCount_ != 0 && node.has(Type::NSEC)) nsecChain_[zone_->nsecCount_++] = order[i];
  }

  const ByteSpan soa = zone_->soa().data.front();
  const std::uint32_t minimum = loadU32(soa.data() + soa.size() - 4);
  zone_->serial_ = loadU32(soa.data() + soa.size() - 20);
  zone_->negativeTtl_ = std::min({zone_->soa().data.ttl, minimum, detail::ttlMask});
  zone_->signed_ = zone_->soa().rrsig.count != 0;
  zone_->block_ = std::make_unique<const detail::Block>(std::move(block_));
}

// Targets are all over the zone: the index is asked for them some RRsets ahead.
void ZoneAssembler::linkTargets() {
  constexpr std::size_t ahead = 8;
  const auto prefetch = [this](const Linked& at) {
    const ZoneNode node(headerAt(at.units));
    const RRset set = node.read(node.entries() + at.entry);
    for (const ByteSpan rdata : set)
      if (const auto name = additionalName(set.type, rdata)) zone_->prefetch(name->hash());
  };
  for (std::size_t i = 0; i < linked_.size(); ++i) {
    if (i + ahead < linked_.size()) prefetch(linked_[i + ahead]);
    const ZoneNode node(headerAt(linked_[i].units));
    linkSet(node, node.entries()[linked_[i].entry], linked_[i].file);
  }
}

void ZoneAssembler::linkSet(ZoneNode node, const RRsetEntry& entry, std::uint16_t file) {
  const RRset set = node.read(&entry);
  auto* link = reinterpret_cast<std::int32_t*>(nodes_ + (set.rdata - nodes_)) - set.count;
  const auto* const from = reinterpret_cast<const std::uint8_t*>(node.header());
  for (const ByteSpan rdata : set) {
    const auto name = additionalName(set.type, rdata);
    // The root stands for the owner itself (RFC 9460 section 2.5); any other use of it is the root zone's business.
    const bool self = name && name->isRoot() && (set.type == Type::SVCB || set.type == Type::HTTPS);
    const NameView target = self ? node.owner() : name.value_or(NameView());
    const auto line = static_cast<std::uint32_t>(std::exchange(*link, detail::noTarget));
    if (name && target.isWithin(*origin_)) {
      const ZoneLookup found = zone_->find(target);
      const ZoneNode to = found.dname ? ZoneNode() : found.node ? found.node : found.wildcard;
      if (to) {
        const auto distance = reinterpret_cast<const std::uint8_t*>(to.header()) - from;
        *link = static_cast<std::int32_t>(distance / static_cast<std::ptrdiff_t>(nodeUnit));
      }
      checkTarget(node, set.type, rdata, target, found, {line != 0 ? log_.file(file) : log_.firstFile(), line});
    }
    ++link;
  }
}

void ZoneAssembler::linkNsec3() {
  zone_->nsec3Parameters_ = *nsec3Parameters_;
  for (const ByteSpan rdata : zone_->apex().rrset(Type::NSEC3PARAM).data) {
    const bool same = rdata.size() == 5 + nsec3Parameters_->salt.size() && rdata[0] == 1 && rdata[1] == 0 &&
                      loadU16(rdata.data() + 2) == nsec3Parameters_->iterations &&
                      std::equal(rdata.begin() + 5, rdata.end(), nsec3Parameters_->salt.begin());
    if (same) zone_->nsec3Parameters_.salt = rdata.subspan(5);
  }
  chooseNsec3Chain();
  if (zone_->nsec3Count_ == 0) {
    warning(fmt::format("zone {} has an NSEC3PARAM but no NSEC3 record of that chain", origin_->toString()));
    return;
  }
  const auto linkOf = [this](const Nsec3Hash& hash) {
    bool exact = false;
    const std::size_t place = zone_->findNsec3(hash, exact);
    return static_cast<std::uint32_t>(place << 1 | (exact ? 1 : 0));
  };
  const auto link = [&](detail::NodeHeader* header) {
    auto* const links = reinterpret_cast<detail::Nsec3Links*>(header + 1);
    const NameView owner = ZoneNode(header).owner();
    links->self = linkOf(nsec3Hash(owner, zone_->nsec3Parameters_));
    const auto wildcard = Name::join("*", owner);
    links->wildcard = wildcard && (header->flags & nodeflag::cut) == 0
                          ? linkOf(nsec3Hash(*wildcard, zone_->nsec3Parameters_))
                          : links->self;
  };
  constexpr std::size_t worthAThread = 1000;
  detail::inParts(threads_, zone_->nodeCount_, worthAThread, [&](std::size_t first, std::size_t last) {
    for (; first < last; ++first) {
      auto* const header = headerAt(zone_->order_[first]);
      if ((header->flags & nodeflag::nsec3Links) != 0) link(header);
    }
  });
}

// Owners whose NSEC3 has the chosen parameters; the owners are in the order of the hashes already, because base32hex
// keeps the order of octets.
void ZoneAssembler::chooseNsec3Chain() {
  const Nsec3Parameters& wanted = zone_->nsec3Parameters_;
  for (std::size_t i = 0; i < zone_->nsec3OwnerCount_; ++i) {
    const ZoneNode node(zone_->nodeAt(zone_->nsec3Owners_[i]));
    const auto hash = nsec3HashFromLabel(node.owner().firstLabel());
    if (!hash || node.owner().parent() != *origin_) continue;
    for (const ByteSpan rdata : node.rrset(Type::NSEC3).data) {
      const bool same = rdata.size() > 5 + wanted.salt.size() && rdata[0] == wanted.algorithm &&
                        loadU16(rdata.data() + 2) == wanted.iterations && rdata[4] == wanted.salt.size() &&
                        std::equal(wanted.salt.begin(), wanted.salt.end(), rdata.begin() + 5);
      if (!same) continue;
      nsec3Prefixes_[zone_->nsec3Count_] = loadU32(hash->data());
      nsec3Chain_[zone_->nsec3Count_++] = zone_->nsec3Owners_[i];
      break;
    }
  }
}

void ZoneAssembler::report(Diagnostic::Severity severity, std::string message, const RecordPlace& place) {
  Diagnostic diagnostic;
  diagnostic.severity = severity;
  diagnostic.file = place.file;
  diagnostic.line = place.line;
  diagnostic.message = std::move(message);
  diagnostics_.add(std::move(diagnostic));
}

}  // namespace taut
