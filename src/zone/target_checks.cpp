#include <fmt/format.h>

#include "checked_node.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/rdata_text.hpp"

namespace taut::detail {

namespace {

bool isHost(ZoneNode node) {
  return (node.has(Type::A) || node.has(Type::AAAA)) && (!node.hasCname() || node.isOccluded());
}

// What is wrong with the host that a record names; empty where nothing is.
std::string problemOf(const Zone& zone, const RRset& set, ZoneNode owner, NameView host) {
  const ZoneLookup found = zone.find(host);
  if (found.dname) return fmt::format("is below the DNAME at {}", found.dname.owner().toString());
  const ZoneNode node = found.node ? found.node : found.wildcard;
  if (node && isHost(node)) return {};
  if (node && node.hasCname() && !node.isOccluded()) return "is a CNAME (RFC 2181 section 10.3)";
  if (!found.cut) return "has no address record (A or AAAA)";
  // The host lies below a cut: only a name server of that very delegation cannot be reached without an address here.
  const bool needsGlue = set.type == Type::NS && found.cut == owner;
  return needsGlue ? "has no glue, an address record that the delegation needs" : "";
}

std::string describe(NameView owner, Type type, ByteSpan rdata, NameView host, const std::string& problem) {
  fmt::memory_buffer text;
  printRdata(type, rdata, text);
  return fmt::format("{} {} {}: {} {}", owner, type, fmt::to_string(text), host, problem);
}

}  // namespace

std::string problemOfNameServers(const Zone& zone) {
  const ZoneRRset servers = zone.apex().rrset(Type::NS);
  std::size_t record = 0;
  for (const ByteSpan rdata : servers.data) {
    if (const ZoneNode target = zone.target(servers, record++, rdata); target && isHost(target)) continue;
    const auto host = NameView::fromWire(rdata);
    if (!host || !host->isWithin(zone.origin())) continue;
    const std::string problem = problemOf(zone, servers.data, zone.apex(), *host);
    if (!problem.empty()) return describe(zone.origin(), Type::NS, rdata, *host, problem);
  }
  return {};
}

void checkTargets(const ZoneCheck& check, ZoneNode owner, const CheckedSet& set) {
  const ZoneRRset linked = owner.rrset(set.type());
  if (!linked.hasTargets()) return;
  std::size_t index = 0;
  for (const ByteSpan rdata : set.rrset()) {
    const std::size_t record = index++;
    if (const ZoneNode target = check.zone.target(linked, record, rdata); target && isHost(target)) continue;
    const auto host = additionalName(set.type(), rdata);
    if (!host || !host->isWithin(check.zone.origin())) continue;
    const std::string problem = problemOf(check.zone, set.rrset(), owner, *host);
    if (problem.empty()) continue;
    const bool isFatal = set.type() == Type::NS && owner.isApex() && check.limits.requireNsAddresses;
    check.diagnostics.add(isFatal ? Diagnostic::Severity::error : Diagnostic::Severity::warning,
                          describe(owner.owner(), set.type(), rdata, *host, problem),
                          check.placeOf(set.places[record]));
  }
}

}  // namespace taut::detail
