#include "node_records.hpp"

#include <algorithm>

#include "canonical_rdata.hpp"

namespace taut::detail {

namespace {

bool isBefore(Type type, ByteSpan left, ByteSpan right) {
  return compareRdata(type, left, right) < 0;
}

// The place of a record in an RRset, and whether it is there.
template <class Records>
auto placeOf(Records& records, Type type, ByteSpan rdata) {
  return std::lower_bound(records.begin(), records.end(), rdata,
                          [type](ByteSpan left, ByteSpan right) { return isBefore(type, left, right); });
}

template <class Records>
bool isAt(const Records& records, typename Records::const_iterator place, Type type, ByteSpan rdata) {
  return place != records.end() && !isBefore(type, rdata, *place);
}

}  // namespace

NodeRecords::NodeRecords(ZoneNode node) {
  if (!node) return;
  sets_.reserve(node.rrsetCount() + 1);
  for (const RRset set : node) {
    PendingSet& pending = sets_.emplace_back();
    pending.order = setOrder(set.type, set.front());
    pending.ttl = set.ttl;
    pending.type = set.type;
    pending.records.reserve(set.count + 1U);
    for (const ByteSpan rdata : set) pending.records.push_back(rdata);
  }
}

bool NodeRecords::add(Type type, std::uint32_t ttl, ByteSpan rdata) {
  const std::uint32_t order = setOrder(type, rdata);
  auto set = std::ranges::lower_bound(sets_, order, {}, &PendingSet::order);
  if (set == sets_.end() || set->order != order) {
    set = sets_.insert(set, PendingSet());
    set->order = order;
    set->type = type;
  }
  set->ttl = ttl;
  const auto place = placeOf(set->records, type, rdata);
  if (isAt(set->records, place, type, rdata)) return false;
  set->records.insert(place, rdata);
  return true;
}

bool NodeRecords::remove(Type type, ByteSpan rdata) {
  const auto set = std::ranges::find(sets_, setOrder(type, rdata), &PendingSet::order);
  if (set == sets_.end()) return false;
  const auto place = placeOf(set->records, type, rdata);
  if (!isAt(set->records, place, type, rdata)) return false;
  set->records.erase(place);
  if (set->records.empty()) sets_.erase(set);
  return true;
}

void NodeRecords::removeType(Type type) {
  std::erase_if(sets_, [type](const PendingSet& set) { return set.type == type; });
}

const PendingSet* NodeRecords::find(Type type) const {
  const auto found = std::ranges::find(sets_, type, &PendingSet::type);
  return found == sets_.end() ? nullptr : &*found;
}

bool NodeRecords::isSameAs(ZoneNode node) const {
  if (!node) return sets_.empty();
  return std::equal(sets_.begin(), sets_.end(), node.begin(), node.end(),
                    [](const PendingSet& pending, const RRset& set) {
                      return pending.type == set.type && pending.ttl == set.ttl &&
                             std::equal(pending.records.begin(), pending.records.end(), set.begin(), set.end(),
                                        [](ByteSpan a, ByteSpan b) { return std::ranges::equal(a, b); });
                    });
}

}  // namespace taut::detail
