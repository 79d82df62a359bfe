#include "change_checks.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "checked_node.hpp"
#include "taut/dns/rdata.hpp"

namespace taut::detail {

namespace {

constexpr std::size_t maxCount = UINT16_MAX;  // RRsets of an owner, and records of an RRset

ChangeProblem problemOfSets(NameView owner, const NodeRecords& records) {
  for (const PendingSet& set : records.sets()) {
    const bool isSingle = set.type == Type::SOA || set.type == Type::CNAME || set.type == Type::DNAME;
    if (isSingle && set.records.size() > 1) return fmt::format("{} {}: there would be two", owner, set.type);
    if (set.records.size() > maxCount) return fmt::format("{} {}: over 65535 records in one RRset", owner, set.type);
  }
  if (records.sets().size() > maxCount) return fmt::format("{}: over 65535 RRsets at one name", owner);
  return std::nullopt;
}

ChangeProblem problemOfCname(NameView owner, const NodeRecords& records) {
  if (!records.has(Type::CNAME)) return std::nullopt;
  for (const PendingSet& set : records.sets())
    if (!mayAccompanyCname(set.type))
      return fmt::format("{} {}: beside a CNAME (RFC 2181 section 10.1)", owner, set.type);
  return std::nullopt;
}

ChangeProblem problemOfApex(NameView owner, const NodeRecords& records) {
  if (!records.has(Type::SOA)) return fmt::format("{} SOA: each zone needs one", owner);
  if (!records.has(Type::NS)) return fmt::format("{} NS: each zone needs one", owner);
  if (records.has(Type::DS)) return fmt::format("{} DS: at the top of the zone, but it belongs to the parent", owner);
  const auto recordsOf = [&](Type type) {
    const PendingSet* const set = records.find(type);
    return set != nullptr ? std::span<const ByteSpan>(set->records) : std::span<const ByteSpan>();
  };
  for (const Type type : {Type::CDS, Type::CDNSKEY}) {
    const std::string problem = problemOfKeysForParent(type, recordsOf(type), recordsOf(Type::DNSKEY));
    if (!problem.empty()) return fmt::format("{} {}: {}", owner, type, problem);
  }
  return std::nullopt;
}

}  // namespace

bool isOfSignedZone(Type type) {
  constexpr std::array types{Type::RRSIG,      Type::SIG,    Type::NSEC, Type::NXT,    Type::NSEC3,
                             Type::NSEC3PARAM, Type::ZONEMD, Type::CDS,  Type::CDNSKEY};
  return std::ranges::find(types, type) != types.end();
}

ChangeProblem problemOfSigned(ZoneNode node) {
  for (const RRset set : node)
    if (isOfSignedZone(set.type))
      return fmt::format("{} {}: the zone is signed, and a change would leave its signatures and proofs wrong",
                         set.owner, set.type);
  return std::nullopt;
}

ChangeProblem problemOfStep(const ZoneChange::Step& step, NameView origin) {
  if (!step.owner.isWithin(origin)) return fmt::format("{}: not in the zone {}", step.owner, origin);
  if (step.kind != ZoneChange::Step::Kind::add) return std::nullopt;
  if (isOfSignedZone(step.type))
    return fmt::format("{} {}: a zone that changes is not signed, and has no such record", step.owner, step.type);
  return problemOfRecord(step.owner, step.type, step.rdata);
}

ChangeProblem problemOfRecord(NameView owner, Type type, ByteSpan rdata) {
  if (type == Type{} || isMetaType(type)) return fmt::format("{} {}: no record has this type", owner, type);
  if (!validRdata(type, rdata)) return fmt::format("{} {}: the RDATA is none of this type", owner, type);
  return std::nullopt;
}

ChangeProblem problemOfOwner(NameView owner, const NodeRecords& records, NameView origin) {
  if (auto problem = problemOfSets(owner, records)) return problem;
  if (auto problem = problemOfCname(owner, records)) return problem;
  if (owner == origin) return problemOfApex(owner, records);
  if (records.has(Type::SOA)) return fmt::format("{} SOA: not at the top of the zone {}", owner, origin);
  if (records.has(Type::NS) && owner.isWildcard())
    return fmt::format("{} NS: a wildcard cannot be delegated (RFC 4592 section 4.2)", owner);
  return std::nullopt;
}

}  // namespace taut::detail
