#include "taut/zone/difference_between.hpp"

#include <algorithm>
#include <compare>
#include <cstring>
#include <utility>
#include <vector>

#include "taut/dns/rrset.hpp"

namespace taut {

namespace {

// The octets of an RRset's records with their lengths.
ByteSpan octetsOf(const RRset& set) {
  std::size_t size = 0;
  for (const ByteSpan rdata : set) size += 2 + rdata.size();
  return {set.rdata, size};
}

bool equalOctets(ByteSpan left, ByteSpan right) {
  return left.size() == right.size() && std::memcmp(left.data(), right.data(), left.size()) == 0;
}

bool lessOctets(ByteSpan left, ByteSpan right) {
  return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end());
}

// The order of the RRsets of a node: by type, the signatures of each directly after it.
std::pair<std::uint16_t, bool> placeOf(const RRset& set) {
  if (set.type == Type::RRSIG) return {loadU16(set.front().data()), true};
  return {static_cast<std::uint16_t>(set.type), false};
}

std::vector<ByteSpan> sortedRecords(const RRset& set) {
  std::vector<ByteSpan> records;
  records.reserve(set.count);
  for (const ByteSpan rdata : set) records.push_back(rdata);
  std::sort(records.begin(), records.end(), lessOctets);
  return records;
}

class Comparison {
 public:
  Comparison(const Zone& from, const Zone& to, std::size_t maxOctets) : from_(from), to_(to), maxOctets_(maxOctets) {}

  std::optional<ZoneDifference> make() {
    const RRset before = from_.soa().data;
    const RRset after = to_.soa().data;
    removed_.add(recordOf(before, before.front()));
    added_.add(recordOf(after, after.front()));
    compareNodes(from_.nodes(), to_.nodes());
    compareNodes(from_.nsec3Nodes(), to_.nsec3Nodes());
    if (exceeds()) return std::nullopt;
    return ZoneDifference(std::move(removed_), std::move(added_));
  }

 private:
  static ZoneRecord recordOf(const RRset& set, ByteSpan rdata) { return {set.owner, set.type, set.ttl, rdata}; }

  // Both in canonical order.
  void compareNodes(const Zone::NodeRange& from, const Zone::NodeRange& to) {
    auto before = from.begin();
    auto after = to.begin();
    while (!exceeds() && (before != from.end() || after != to.end())) {
      const auto order = before == from.end() ? std::weak_ordering::greater
                         : after == to.end()  ? std::weak_ordering::less
                                              : (*before).owner() <=> (*after).owner();
      if (order < 0)
        remove(*before++);
      else if (order > 0)
        add(*after++);
      else
        compareNode(*before++, *after++);
    }
  }

  void compareNode(ZoneNode from, ZoneNode to) {
    if (!equalOctets(from.owner().wire(), to.owner().wire())) {
      remove(from);
      add(to);
      return;
    }
    auto before = from.begin();
    auto after = to.begin();
    while (before != from.end() || after != to.end()) {
      if (after == to.end() || (before != from.end() && placeOf(*before) < placeOf(*after)))
        remove(*before++);
      else if (before == from.end() || placeOf(*after) < placeOf(*before))
        add(*after++);
      else
        compareRRset(*before++, *after++);
    }
  }

  void compareRRset(const RRset& from, const RRset& to) {
    const bool sameTtl = from.ttl == to.ttl;
    if (sameTtl && from.count == to.count && equalOctets(octetsOf(from), octetsOf(to))) return;
    if (!sameTtl) {
      remove(from);
      add(to);
      return;
    }
    const std::vector<ByteSpan> before = sortedRecords(from);
    const std::vector<ByteSpan> after = sortedRecords(to);
    std::vector<ByteSpan> changed;
    std::set_difference(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(changed),
                        lessOctets);
    for (const ByteSpan rdata : changed) remove(from, rdata);
    changed.clear();
    std::set_difference(after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(changed),
                        lessOctets);
    for (const ByteSpan rdata : changed) add(to, rdata);
  }

  void remove(ZoneNode node) {
    for (const RRset set : node) remove(set);
  }
  void add(ZoneNode node) {
    for (const RRset set : node) add(set);
  }
  void remove(const RRset& set) {
    for (const ByteSpan rdata : set) remove(set, rdata);
  }
  void add(const RRset& set) {
    for (const ByteSpan rdata : set) add(set, rdata);
  }
  // The SOA records are there already.
  void remove(const RRset& set, ByteSpan rdata) {
    if (!isSoa(set, from_)) removed_.add(recordOf(set, rdata));
  }
  void add(const RRset& set, ByteSpan rdata) {
    if (!isSoa(set, to_)) added_.add(recordOf(set, rdata));
  }
  static bool isSoa(const RRset& set, const Zone& zone) {
    return set.type == Type::SOA && set.rdata == zone.soa().data.rdata;
  }

  bool exceeds() const { return removed_.octets().size() + added_.octets().size() > maxOctets_; }

  const Zone& from_;
  const Zone& to_;
  const std::size_t maxOctets_;
  RecordList removed_;
  RecordList added_;
};

}  // namespace

std::optional<ZoneDifference> differenceBetween(const Zone& from, const Zone& to, std::size_t maxOctets) {
  return Comparison(from, to, maxOctets).make();
}

// No more than the two SOAs may differ, and they do not.
bool haveSameRecords(const Zone& left, const Zone& right) {
  const RRset soa = left.soa().data;
  const RRset other = right.soa().data;
  if (soa.ttl != other.ttl || !equalOctets(soa.front(), other.front())) return false;
  const std::size_t ofSoas = 2 * RecordList::octetsOf({soa.owner, soa.type, soa.ttl, soa.front()});
  return differenceBetween(left, right, ofSoas).has_value();
}

}  // namespace taut
