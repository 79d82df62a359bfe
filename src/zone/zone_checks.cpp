// The checks of named-checkzone; what refuses a zone there refuses it here.
#include <fmt/format.h>

#include "canonical_rdata.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/zone/zonemd.hpp"
#include "zone_assembler.hpp"

namespace taut {

namespace {

using detail::LoggedRecord;
namespace nodeflag = detail::nodeflag;

constexpr std::uint16_t recommendedIterations = 0;  // RFC 9276 section 3.1

Type typeOf(const LoggedRecord& record) {
  return static_cast<Type>(record.type);
}

// What may stand beside a CNAME: signatures and denial (RFC 4034 section 3 and 4), and KEY and NXT, their forerunners.
bool mayAccompanyCname(Type type) {
  return type == Type::CNAME || type == Type::RRSIG || type == Type::NSEC || type == Type::NSEC3 || type == Type::SIG ||
         type == Type::KEY || type == Type::NXT;
}

bool isSingleton(Type type) {
  return type == Type::SOA || type == Type::CNAME || type == Type::DNAME;
}

bool hasAddress(ZoneNode node) {
  return node.has(Type::A) || node.has(Type::AAAA);
}

std::string text(Type type, ByteSpan rdata) {
  fmt::memory_buffer buffer;
  printRdata(type, rdata, buffer);
  return fmt::to_string(buffer);
}

}  // namespace

// `members_` holds the records of the node, ordered by type; sets of several records have lost their duplicates' order.
void ZoneAssembler::checkNode(const Plan& plan) {
  const auto owner = [&] { return plan.owner.toString(); };
  const bool isApex = (plan.flags & nodeflag::apex) != 0;
  const bool isWildcard = plan.owner.isWildcard();
  const Member* previous = nullptr;
  bool hasNs = false;
  for (const Member& member : members_) {
    const bool firstOfSet = previous == nullptr || previous->order != member.order;
    const Member* const before = previous;
    previous = &member;
    if (!firstOfSet) continue;
    const Type type = typeOf(*member.record);
    if (type == Type::RRSIG) {
      const bool covered = before != nullptr && (before->order | 1) == member.order;
      if (!covered)
        warning(fmt::format("{} RRSIG: covers {}, which the name does not have", owner(),
                            toString(static_cast<Type>(member.order >> 1))),
                member);
      continue;
    }
    hasNs = hasNs || type == Type::NS;
    if ((plan.flags & nodeflag::cname) != 0 && !mayAccompanyCname(type))
      error(fmt::format("{} {}: beside a CNAME (RFC 2181 section 10.1)", owner(), toString(type)), member);
    if (type == Type::SOA && !isApex)
      error(fmt::format("{} SOA: not at the top of the zone {}", owner(), origin_->toString()), member);
    if (type == Type::NS && isWildcard)
      error(fmt::format("{} NS: a wildcard cannot be delegated (RFC 4592 section 4.2)", owner()), member);
    if (type == Type::DNAME && isWildcard)
      warning(fmt::format("{} DNAME: at a wildcard, which RFC 4592 section 4.4 advises against", owner()), member);
    if (type == Type::DNAME && hasNs && !isApex)
      warning(fmt::format("{} DNAME: at a delegation, which hides it", owner()), member);
    if (type == Type::DS && isApex)
      warning(fmt::format("{} DS: at the top of the zone, but it belongs to the parent", owner()), member);
  }
  if (isApex && !hasNs) error(fmt::format("{} has no NS record, and each zone needs one", owner()));
}

// A set of several records, in the order of the file.
void ZoneAssembler::checkSet(const Plan& plan, std::span<const Member> members) {
  const Type type = typeOf(*members.front().record);
  const std::uint32_t ttl = members.front().record->ttl;
  for (const Member& member : members.subspan(1)) {
    if (isSingleton(type) && detail::compareRdata(type, member.record->rdata(), members.front().record->rdata()) != 0)
      error(fmt::format("{} {}: there is another one, in line {}", plan.owner.toString(), toString(type),
                        members.front().record->line),
            member);
    if (member.record->ttl != ttl)
      warning(fmt::format("{} {}: TTL {} differs from {} in line {}, which the whole RRset gets (RFC 2181 section 5.2)",
                          plan.owner.toString(), toString(type), member.record->ttl, ttl, members.front().record->line),
              member);
  }
}

// Whether the hosts that NS, MX and SRV records name within the zone have addresses there.
void ZoneAssembler::checkTarget(ZoneNode node, Type type, ByteSpan rdata, NameView target, const ZoneLookup& found,
                                const RecordPlace& place) {
  if (type != Type::NS && type != Type::MX && type != Type::SRV) return;
  const ZoneNode host = found.node ? found.node : found.wildcard;
  const bool ownNs = type == Type::NS && node.isApex();
  std::string problem;
  if (found.dname) {
    problem = fmt::format("is below the DNAME at {}", found.dname.owner().toString());
  } else if (host && host.hasCname() && !host.isOccluded()) {
    problem = "is a CNAME (RFC 2181 section 10.3)";
  } else if (host && hasAddress(host)) {
    return;
  } else if (found.cut) {
    // Another zone's host: only a name server within its own delegation is lost without an address here.
    if (type != Type::NS || found.cut != node) return;
    problem = "has no glue, an address record that the delegation needs";
  } else {
    problem = "has no address record (A or AAAA)";
  }
  const auto severity =
      ownNs && checks_.requireNsAddresses ? Diagnostic::Severity::error : Diagnostic::Severity::warning;
  report(severity,
         fmt::format("{} {} {}: {} {}", node.owner().toString(), toString(type), text(type, rdata), target.toString(),
                     problem),
         place);
}

void ZoneAssembler::checkNsec3() {
  if (!nsec3Parameters_) {
    warning(fmt::format("zone {} has NSEC3 records, but no NSEC3PARAM that names a chain", origin_->toString()));
    return;
  }
  const std::uint16_t iterations = nsec3Parameters_->iterations;
  if (iterations > checks_.maxNsec3Iterations)
    error(fmt::format("{} NSEC3PARAM: {} iterations, more than the {} that are served (RFC 9276 section 3.2)",
                      origin_->toString(), iterations, checks_.maxNsec3Iterations));
  else if (iterations > recommendedIterations)
    warning(fmt::format("{} NSEC3PARAM: {} iterations; RFC 9276 section 3.1 recommends none", origin_->toString(),
                        iterations));
}

void ZoneAssembler::checkZonemd() {
  const ZonemdResult result = verifyZonemd(*zone_);
  switch (result.status) {
    case ZonemdResult::Status::absent:
    case ZonemdResult::Status::verified:
      return;
    case ZonemdResult::Status::unsupported: {
      const auto severity = checks_.requireZonemd ? Diagnostic::Severity::error : Diagnostic::Severity::warning;
      return report(severity, fmt::format("{} ZONEMD: not verified: {}", origin_->toString(), result.reason),
                    RecordPlace{log_.firstFile(), 0});
    }
    case ZonemdResult::Status::failed:
      return error(fmt::format("{} ZONEMD: {} (RFC 8976 section 4)", origin_->toString(), result.reason));
  }
}

}  // namespace taut
