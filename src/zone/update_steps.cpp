#include "update_steps.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

#include "canonical_rdata.hpp"
#include "checked_node.hpp"
#include "taut/dns/serial.hpp"
#include "taut/zone/zone_difference.hpp"

namespace taut::detail {

namespace {

// Whether a record is left out because of a CNAME that is there, or a CNAME because of other data.
bool conflictsWithCname(Type type, const NodeRecords& records) {
  if (type != Type::CNAME) return records.has(Type::CNAME) && !mayAccompanyCname(type);
  return std::ranges::any_of(records.sets(), [](const PendingSet& set) { return !mayAccompanyCname(set.type); });
}

bool goesForward(ByteSpan soa, const NodeRecords& records) {
  const PendingSet* const present = records.find(Type::SOA);
  return present != nullptr && isNewer(serialOfSoa(soa), serialOfSoa(present->records.front()));
}

bool isSingle(Type type) {
  return type == Type::CNAME || type == Type::SOA || type == Type::DNAME;
}

// Of the same address and protocol, the first five octets (RFC 1035 section 3.4.2).
bool isSameService(ByteSpan left, ByteSpan right) {
  constexpr std::size_t addressAndProtocol = 5;
  return std::ranges::equal(left.first(std::min(left.size(), addressAndProtocol)),
                            right.first(std::min(right.size(), addressAndProtocol)));
}

bool isOnlyRecord(const UpdateRecord& record, const NodeRecords& records) {
  const PendingSet* const set = records.find(record.type);
  return set != nullptr && set->records.size() == 1 &&
         compareRdata(record.type, set->records.front(), record.rdata) == 0;
}

}  // namespace

void UpdateSteps::take(const UpdateRecord& record) {
  NodeRecords& records = recordsOf(record.owner);
  if (record.rrClass == zone_.rrClass())
    add(record, records);
  else if (record.rrClass == Class::NONE)
    removeRecord(record, records);
  else if (record.type == Type::ANY)
    removeName(record.owner, records);
  else
    removeRRset(record, records);
}

NodeRecords& UpdateSteps::recordsOf(NameView owner) {
  const auto found = owners_.find(owner);
  if (found != owners_.end()) return found->second;
  return owners_.emplace(owner, NodeRecords(zone_.node(owner))).first->second;
}

// A TTL of over 2^31 - 1 is 0 (RFC 2181 section 8).
void UpdateSteps::add(const UpdateRecord& record, NodeRecords& records) {
  if (conflictsWithCname(record.type, records)) return;
  if (record.type == Type::SOA && !goesForward(record.rdata, records)) return;
  removeReplaced(record, records);
  const std::uint32_t ttl = record.ttl <= maxTtl ? record.ttl : 0;
  records.add(record.type, ttl, record.rdata);
  change_.add(record.owner, record.type, ttl, record.rdata);
}

void UpdateSteps::removeReplaced(const UpdateRecord& record, NodeRecords& records) {
  if (isSingle(record.type) && records.has(record.type)) {
    records.removeType(record.type);
    change_.remove(record.owner, record.type);
  } else if (const PendingSet* const set = records.find(record.type); set != nullptr && record.type == Type::WKS) {
    std::vector<ByteSpan> replaced;
    std::ranges::copy_if(set->records, std::back_inserter(replaced),
                         [&](ByteSpan rdata) { return isSameService(rdata, record.rdata); });
    for (const ByteSpan rdata : replaced) {
      records.remove(record.type, rdata);
      change_.remove(record.owner, record.type, rdata);
    }
  }
}

void UpdateSteps::removeName(NameView owner, NodeRecords& records) {
  if (!isApex(owner)) {
    records.removeAll();
    change_.removeName(owner);
    return;
  }
  std::vector<Type> types;
  for (const PendingSet& set : records.sets())
    if (set.type != Type::SOA && set.type != Type::NS) types.push_back(set.type);
  for (const Type type : types) {
    records.removeType(type);
    change_.remove(owner, type);
  }
}

void UpdateSteps::removeRRset(const UpdateRecord& record, NodeRecords& records) {
  if (isApex(record.owner) && (record.type == Type::SOA || record.type == Type::NS)) return;
  records.removeType(record.type);
  change_.remove(record.owner, record.type);
}

void UpdateSteps::removeRecord(const UpdateRecord& record, NodeRecords& records) {
  if (record.type == Type::SOA) return;
  if (isApex(record.owner) && record.type == Type::NS && isOnlyRecord(record, records)) return;
  records.remove(record.type, record.rdata);
  change_.remove(record.owner, record.type, record.rdata);
}

}  // namespace taut::detail
