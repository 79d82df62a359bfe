#include "zone_checks.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "checked_node.hpp"
#include "nsec3_chain.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/zone/zonemd.hpp"

namespace taut::detail {

namespace {

constexpr std::uint16_t recommendedIterations = 0;  // RFC 9276 section 3.1

// Checks the signatures over one type. `before` is the set before them.
void checkSignatures(const ZoneCheck& check, const CheckedNode& node, const CheckedSet& set, const CheckedSet* before) {
  const auto covered = static_cast<Type>(set.node->coveredType(set.entry));
  if (before == nullptr || before->type() != covered)
    check.warning(set.firstRead(),
                  fmt::format("{} RRSIG: covers {}, which the name does not have", node.owner(), toString(covered)));
}

void checkSingleton(const ZoneCheck& check, const CheckedNode& node, const CheckedSet& set) {
  const auto first = std::min_element(set.places.begin(), set.places.end());
  for (auto place = set.places.begin(); place != set.places.end(); ++place)
    if (place != first)
      check.error(*place, fmt::format("{} {}: there is another one, in line {}", node.owner(), toString(set.type()),
                                      first->line));
}

void checkSoa(const ZoneCheck& check, const CheckedNode& node, const CheckedSet& set) {
  checkSingleton(check, node, set);
  if (!node.node.isApex())
    check.error(set.firstRead(),
                fmt::format("{} SOA: not at the top of the zone {}", node.owner(), check.zone.origin().toString()));
}

void checkNs(const ZoneCheck& check, const CheckedNode& node, const CheckedSet& set) {
  if (node.node.isWildcard())
    check.error(set.firstRead(),
                fmt::format("{} NS: a wildcard cannot be delegated (RFC 4592 section 4.2)", node.owner()));
  checkTargets(check, node.node, set);
}

void checkDname(const ZoneCheck& check, const CheckedNode& node, const CheckedSet& set) {
  checkSingleton(check, node, set);
  if (node.node.isWildcard())
    check.warning(set.firstRead(),
                  fmt::format("{} DNAME: at a wildcard, which RFC 4592 section 4.4 advises against", node.owner()));
  if (node.find(Type::NS) != nullptr && !node.node.isApex())
    check.warning(set.firstRead(), fmt::format("{} DNAME: at a delegation, which hides it", node.owner()));
}

void checkDs(const ZoneCheck& check, const CheckedNode& node, const CheckedSet& set) {
  if (node.node.isApex())
    check.error(set.firstRead(),
                fmt::format("{} DS: at the top of the zone, but it belongs to the parent", node.owner()));
}

void checkSet(const ZoneCheck& check, const CheckedNode& node, const CheckedSet& set) {
  switch (set.type()) {
    case Type::SOA:
      return checkSoa(check, node, set);
    case Type::NS:
      return checkNs(check, node, set);
    case Type::MX:
    case Type::SRV:
      return checkTargets(check, node.node, set);
    case Type::CNAME:
      return checkSingleton(check, node, set);
    case Type::DNAME:
      return checkDname(check, node, set);
    case Type::DS:
      return checkDs(check, node, set);
    case Type::PTR:
      return checkPtr(check, node, set);
    case Type::SVCB:
      return checkSvcb(check, node, set);
    default:
      return;
  }
}

void checkApex(const ZoneCheck& check, const CheckedNode& apex) {
  if (apex.find(Type::NS) == nullptr)
    check.diagnostics.error(fmt::format("{} has no NS record, and each zone needs one", apex.owner()),
                            check.log.wholeZone());
  checkKeysForParent(check, apex);
}

void checkBesideCname(const ZoneCheck& check, const CheckedNode& node) {
  for (const CheckedSet& set : node.sets)
    if (!mayAccompanyCname(set.type()))
      check.error(set.firstRead(),
                  fmt::format("{} {}: beside a CNAME (RFC 2181 section 10.1)", node.owner(), toString(set.type())));
}

void checkNode(const ZoneCheck& check, const CheckedNode& node) {
  const CheckedSet* before = nullptr;
  for (const CheckedSet& set : node.sets) {
    if (set.type() == Type::RRSIG)
      checkSignatures(check, node, set, before);
    else
      checkSet(check, node, set);
    before = &set;
  }
  if (node.node.hasCname()) checkBesideCname(check, node);
  if (node.node.isApex()) checkApex(check, node);
}

// Visits each node with its sets and the places of its records. `places` are in the order of the records.
template <class Visit>
void visitNodes(Zone::NodeRange nodes, const RecordPlaces& places, const Visit& visit) {
  RecordPlaces::Reader reader(places);
  std::vector<LogPlace> nodePlaces;
  std::vector<CheckedSet> sets;
  for (const ZoneNode node : nodes) {
    const NodeHeader* const header = node.header();
    std::size_t records = 0;
    for (const RRsetEntry* entry = header->entries(); entry != header->entriesEnd(); ++entry) records += entry->count;
    nodePlaces.resize(records);
    for (LogPlace& place : nodePlaces) place = reader.next();
    sets.clear();
    std::span<const LogPlace> left(nodePlaces);
    for (const RRsetEntry* entry = header->entries(); entry != header->entriesEnd(); ++entry) {
      sets.push_back({header, entry, left.first(entry->count)});
      left = left.subspan(entry->count);
    }
    visit(CheckedNode{node, sets});
  }
}

void checkNsec3(const ZoneCheck& check) {
  const Zone& zone = check.zone;
  if (zone.nsec3Nodes().size() == 0) return;
  const std::string origin = zone.origin().toString();
  const RecordPlace place = check.log.wholeZone();
  const auto parameters = chosenNsec3Parameters(zone.apex().rrset(Type::NSEC3PARAM).data);
  if (!parameters)
    return check.diagnostics.warning(
        fmt::format("zone {} has NSEC3 records, but no NSEC3PARAM that names a chain", origin), place);
  const std::uint16_t iterations = parameters->iterations;
  if (iterations > check.limits.maxNsec3Iterations)
    return check.diagnostics.error(
        fmt::format("{} NSEC3PARAM: {} iterations, more than the {} that are served (RFC 9276 section 3.2)", origin,
                    iterations, check.limits.maxNsec3Iterations),
        place);
  if (iterations > recommendedIterations)
    check.diagnostics.warning(
        fmt::format("{} NSEC3PARAM: {} iterations; RFC 9276 section 3.1 recommends none", origin, iterations), place);
  if (!zone.hasNsec3())
    check.diagnostics.warning(fmt::format("zone {} has an NSEC3PARAM but no NSEC3 record of that chain", origin),
                              place);
}

void checkZonemd(const ZoneCheck& check) {
  if (!check.limits.verifyZonemd) return;
  const ZonemdResult result = verifyZonemd(check.zone);
  const std::string origin = check.zone.origin().toString();
  if (result.status == ZonemdResult::Status::unsupported) {
    const auto severity = check.limits.requireZonemd ? Diagnostic::Severity::error : Diagnostic::Severity::warning;
    check.diagnostics.add(severity, fmt::format("{} ZONEMD: not verified: {}", origin, result.reason),
                          check.log.wholeZone());
  } else if (result.status == ZonemdResult::Status::failed) {
    check.diagnostics.error(fmt::format("{} ZONEMD: {} (RFC 8976 section 4)", origin, result.reason),
                            check.log.wholeZone());
  }
}

}  // namespace

void checkZone(const Zone& zone, const WrittenNodes& nodes, const RecordLog& log, const ZoneChecks& checks,
               DiagnosticList& diagnostics) {
  const ZoneCheck check{zone, log, checks, diagnostics};
  visitNodes(zone.nodes(), nodes.ordinary.places, [&](const CheckedNode& node) { checkNode(check, node); });
  visitNodes(zone.nsec3Nodes(), nodes.nsec3.places, [&](const CheckedNode& node) { checkNode(check, node); });
  checkNsec3(check);
  checkZonemd(check);
}

}  // namespace taut::detail
