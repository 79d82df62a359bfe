#include "version_writer.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "nsec3_chain.hpp"
#include "zone_block.hpp"
#include "zone_links.hpp"

namespace taut::detail {

namespace {

bool hasNsec(ZoneNode node) {
  return node && !node.isOccluded() && node.has(Type::NSEC);
}

std::size_t boundOf(NameView owner, const NodeRecords& records) {
  NodeOutput::Node node;
  node.owner = owner;
  node.setCount = static_cast<std::uint16_t>(records.sets().size());
  node.nsec3Links = true;
  std::size_t octets = NodeOutput::sizeOf(node);
  for (const PendingSet& set : records.sets())
    for (const ByteSpan rdata : set.records) octets += rdata.size() + NodeOutput::mostOfRecord;
  return octets;
}

// Whether more places of a list than are worth passing one by one do not count, next to one of those that are lost.
template <class Counts>
bool hasGap(ListedNodes list, std::span<const NodeHeader* const> lost, const Counts& counts) {
  constexpr std::size_t longest = 1024;
  std::size_t end = 0;  // of the last gap
  for (const NodeHeader* const place : lost) {
    const auto units = list.units();
    const auto found =
        std::lower_bound(units.begin() + static_cast<std::ptrdiff_t>(end), units.end(), place->owner(),
                         [&](std::uint32_t at, NameView owner) { return list.first()->at(at)->owner() < owner; });
    std::size_t begin = static_cast<std::size_t>(found - units.begin());
    end = begin;
    while (end < units.size() && end - begin <= longest && !counts(list[end].header())) ++end;
    while (begin > 0 && end - begin <= longest && !counts(list[begin - 1].header())) --begin;
    if (end - begin > longest) return true;
  }
  return false;
}

// The records of a planned node, which may be those that it had.
class RecordsOf {
 public:
  explicit RecordsOf(const PlannedNode& planned) {
    if (planned.records == nullptr) copied_.emplace(planned.before);
    records_ = planned.records != nullptr ? planned.records : &*copied_;
  }

  const NodeRecords& operator*() const { return *records_; }

 private:
  std::optional<NodeRecords> copied_;
  const NodeRecords* records_;
};

}  // namespace

VersionWriter::VersionWriter(const Zone& before, VersionPlan& plan, const ChangedOwners& nsec3Owners)
    : before_(before),
      names_(plan.nodes()),
      nsec3Owners_(nsec3Owners),
      output_(before.image().block().tailEnd()),
      delta_(before),
      counts_(before.counts()) {}

std::size_t VersionWriter::bound() const {
  std::size_t octets = 0;
  for (const auto& [name, planned] : names_)
    if (planned.isNew && planned.exists) octets += boundOf(name, *RecordsOf(planned));
  for (const auto& [name, owner] : nsec3Owners_) octets += boundOf(name, owner.records);
  return octets;
}

std::shared_ptr<const Zone> VersionWriter::write() {
  writeNames();
  writeNsec3Owners();
  before_.image().block().takeTail(output_.at());
  if (before_.hasNsec3() && counts_.nsec3Chain == 0) return nullptr;
  auto version = std::make_shared<const Zone>(before_.image(), delta_.finish(counts_));
  for (NodeHeader* const node : linked_) linkTargets(*node, *version);
  return version;
}

bool VersionWriter::leavesGap(const Zone& version) const {
  const ZoneImage& image = version.image();
  return hasGap(image.nsecChain(), lostNsecs_, [&](const NodeHeader* place) { return version.hasNsecAt(place); }) ||
         hasGap(image.nsec3Chain(), lostNsec3Owners_,
                [&](const NodeHeader* place) { return version.hasNsec3At(place); });
}

void VersionWriter::writeNames() {
  for (auto& [name, planned] : names_) {
    if (!planned.isNew) continue;
    if (planned.exists) {
      writeName(planned, *RecordsOf(planned));
      continue;
    }
    delta_.move(planned.place, nullptr);
    count(planned.before, {});
    if (hasNsec(planned.before)) lostNsecs_.push_back(planned.place);
    --counts_.nodes;
  }
}

void VersionWriter::writeName(PlannedNode& planned, const NodeRecords& records) {
  const bool isOccluded = (planned.flags & nodeflag::occluded) != 0;
  NodeOutput::Node node;
  node.owner = planned.owner;
  node.flags = planned.flags;
  node.nsec3Links = before_.hasNsec3() && !isOccluded;
  node.parent = parentPlace(planned);
  NodeHeader& written = writeNode(node, records);
  if (node.nsec3Links) linkNsec3(written, planned.before);
  if (planned.place != nullptr) {
    delta_.move(planned.place, &written);
  } else {
    delta_.addName(&written);
    planned.place = &written;
  }
  count(planned.before, ZoneNode(&written));
  if (!planned.before) ++counts_.nodes;
  if (hasNsec(ZoneNode(&written)))
    delta_.addNsec(planned.place);
  else if (hasNsec(planned.before))
    lostNsecs_.push_back(planned.place);
}

const NodeHeader* VersionWriter::parentPlace(const PlannedNode& planned) {
  if (planned.owner == before_.origin()) return nullptr;
  if (planned.before) return planned.before.header()->parentPlace();
  const NameView owner = planned.owner.parent();
  const auto parent = names_.find(owner);
  return parent != names_.end() ? parent->second.place : before_.place(owner, owner.hash());
}

NodeHeader& VersionWriter::writeNode(NodeOutput::Node node, const NodeRecords& records) {
  node.rrClass = before_.rrClass();
  node.setCount = static_cast<std::uint16_t>(records.sets().size());
  NodeHeader& written = output_.begin(node);
  bool anyLinks = false;
  for (const PendingSet& set : records.sets()) {
    const auto mayLead = [&](ByteSpan rdata) { return mayLeadTo(before_.origin(), set.type, rdata); };
    const bool isLinked = (node.flags & nodeflag::occluded) == 0 && std::ranges::any_of(set.records, mayLead);
    output_.addSet({set.type, set.ttl, static_cast<std::uint16_t>(set.records.size()), isLinked});
    for (const ByteSpan rdata : set.records) output_.addRecord(rdata);
    anyLinks = anyLinks || isLinked;
  }
  output_.end();
  if (anyLinks) linked_.push_back(&written);
  return written;
}

// The chain of the image stays as it is, and so do the places in it of a name that is hashed once.
void VersionWriter::linkNsec3(NodeHeader& node, ZoneNode before) const {
  auto& links = const_cast<Nsec3Links&>(*node.nsec3Links());
  const auto* const known = before ? before.header()->nsec3Links() : nullptr;
  if (known != nullptr && before.isCut() == node.has(nodeflag::cut))
    links = *known;
  else
    links = nsec3LinksOf(ZoneNode(&node), before_.image(), before_.nsec3Parameters());
}

void VersionWriter::count(ZoneNode before, ZoneNode next) {
  const auto recordsOf = [](ZoneNode node) {
    std::uint64_t records = 0;
    if (node)
      for (const RRset set : node) records += set.count;
    return records;
  };
  counts_.records += recordsOf(next) - recordsOf(before);
  counts_.nsecs += static_cast<std::uint32_t>(hasNsec(next)) - static_cast<std::uint32_t>(hasNsec(before));
}

void VersionWriter::writeNsec3Owners() {
  const auto isOfChain = [this](ZoneNode node) {
    return node && before_.hasNsec3() && isInChain(node, before_.origin(), before_.nsec3Parameters());
  };
  for (const auto& [name, owner] : nsec3Owners_) {
    ZoneNode next;
    if (!owner.records.empty()) {
      NodeOutput::Node node;
      node.owner = owner.owner;
      next = ZoneNode(&writeNode(node, owner.records));
    }
    if (owner.place != nullptr)
      delta_.move(owner.place, next.header());
    else
      delta_.addNsec3Owner(next.header());
    if (isOfChain(next))
      delta_.addToChain(owner.place != nullptr ? owner.place : next.header());
    else if (isOfChain(owner.before))
      lostNsec3Owners_.push_back(owner.place);
    count(owner.before, next);
    counts_.nsec3Owners += static_cast<std::uint32_t>(static_cast<bool>(next)) -
                           static_cast<std::uint32_t>(static_cast<bool>(owner.before));
    counts_.nsec3Chain +=
        static_cast<std::uint32_t>(isOfChain(next)) - static_cast<std::uint32_t>(isOfChain(owner.before));
  }
}

}  // namespace taut::detail
