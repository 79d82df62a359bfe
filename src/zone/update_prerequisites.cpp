#include "update_prerequisites.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "canonical_rdata.hpp"

namespace taut::detail {

namespace {

using Problem = UpdatePrerequisites::Problem;

Problem problem(Rcode rcode, const UpdateRecord& record, std::string_view why) {
  return UpdateFailure{rcode,
                       fmt::format("the prerequisite {} {} {}: {}", record.owner, record.rrClass, record.type, why)};
}

// An empty non-terminal is not in use (section 2.4.4).
bool isInUse(ZoneNode node) {
  return node && !node.isEmpty();
}

bool hasType(ZoneNode node, Type type) {
  return node && std::any_of(node.begin(), node.end(), [type](const RRset& set) { return set.type == type; });
}

// Whether something is there, of class ANY, or is not, of class NONE.
Problem problemOfExistence(const UpdateRecord& record, ZoneNode node) {
  const bool isExpected = record.rrClass == Class::ANY;
  if (!record.rdata.empty()) return problem(Rcode::FORMERR, record, "expected no RDATA");
  const bool isThere = record.type == Type::ANY ? isInUse(node) : hasType(node, record.type);
  if (isThere == isExpected) return std::nullopt;
  if (record.type == Type::ANY)
    return isExpected ? problem(Rcode::NXDOMAIN, record, "the name has no record")
                      : problem(Rcode::YXDOMAIN, record, "the name has records");
  return isExpected ? problem(Rcode::NXRRSET, record, "there is no such RRset")
                    : problem(Rcode::YXRRSET, record, "there is such an RRset");
}

// Whether a node has an RRset of these records and no others.
bool hasSame(ZoneNode node, const PendingSet& wanted) {
  if (!node) return false;
  const auto set = std::find_if(node.begin(), node.end(), [&](const RRset& present) {
    return setOrder(present.type, present.front()) == wanted.order;
  });
  if (set == node.end() || (*set).count != wanted.records.size()) return false;
  const RRset present = *set;
  return std::equal(present.begin(), present.end(), wanted.records.begin(),
                    [&](ByteSpan a, ByteSpan b) { return compareRdata(wanted.type, a, b) == 0; });
}

}  // namespace

Problem UpdatePrerequisites::take(const UpdateRecord& record) {
  if (record.ttl != 0) return problem(Rcode::FORMERR, record, "expected TTL 0");
  if (!record.owner.isWithin(zone_.origin()))
    return problem(Rcode::NOTZONE, record, fmt::format("not in {}", zone_.origin()));
  if (record.rrClass == zone_.rrClass()) {
    wanted_.try_emplace(record.owner, ZoneNode()).first->second.add(record.type, 0, record.rdata);
    return std::nullopt;
  }
  if (record.rrClass == Class::ANY || record.rrClass == Class::NONE)
    return problemOfExistence(record, zone_.node(record.owner));
  return problem(Rcode::FORMERR, record, "neither the zone's class, nor ANY or NONE");
}

Problem UpdatePrerequisites::finish() const {
  for (const auto& [owner, wanted] : wanted_) {
    const ZoneNode node = zone_.node(owner);
    for (const PendingSet& set : wanted.sets())
      if (!hasSame(node, set))
        return problem(Rcode::NXRRSET, {owner, set.type, zone_.rrClass(), 0, {}}, "the RRset is another one");
  }
  return std::nullopt;
}

}  // namespace taut::detail
