#include "answer_reader.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "taut/dns/rdata.hpp"

namespace taut {

namespace {

// RRsets of the answer section, which may say the same name and type several times.
template <class Visitor>
void forEachRRset(const Answer& answer, const Visitor& visit) {
  answer.forEach(Section::answer, [&](const RRset& rrset) {
    if (rrset.rrClass == Class::IN) visit(rrset);
  });
}

void takeRecords(const Answer& answer, Lookup<LookupRecord>& found) {
  forEachRRset(answer, [&](const RRset& rrset) {
    const bool asked = rrset.type == found.type || found.type == Type::ANY;
    if (!asked || rrset.owner != found.name) return;
    for (const ByteSpan rdata : rrset) found.records.emplace_back(rrset.owner, rrset.type, rrset.ttl, rdata);
  });
}

struct Alias {
  Name target;
  std::uint32_t ttl = 0;
};

// A DNAME comes with the CNAME that it makes (RFC 6672 section 3.1), unless a server leaves that out.
std::optional<Alias> aliasOf(const Answer& answer, NameView name) {
  std::optional<Alias> alias;
  bool direct = false;
  forEachRRset(answer, [&](const RRset& rrset) {
    if (direct || rrset.count == 0) return;
    if (rrset.type == Type::CNAME && rrset.owner == name) {
      if (const auto cname = rdata::read<rdata::CNAME>(rrset.front())) alias = Alias{cname->target, rrset.ttl};
      direct = alias.has_value();
    } else if (rrset.type == Type::DNAME && name.isBelow(rrset.owner)) {
      const auto dname = rdata::read<rdata::DNAME>(rrset.front());
      const auto target = dname ? Name::substitute(name, rrset.owner, dname->target) : std::nullopt;
      if (target) alias = Alias{*target, rrset.ttl};
    }
  });
  return alias;
}

bool hasSoa(const Answer& answer) {
  bool found = false;
  answer.forEach(Section::authority, [&](const RRset& rrset) { found |= rrset.type == Type::SOA; });
  return found;
}

void noteReason(const Answer& answer, Lookup<LookupRecord>& found) {
  found.rcode = answer.rcode();
  const ExtendedError* const reason = answer.extendedError();
  if (!reason) return;
  found.extendedError = reason->code;
  found.extendedErrorText = reason->text;
}

// The status of an answer without the records.
LookupStatus statusOf(const Answer& answer) {
  if (answer.rcode() == Rcode::NXDOMAIN) return LookupStatus::nameError;
  if (answer.rcode() == Rcode::NOERROR) return LookupStatus::noData;
  // What a Forwarder says where all servers were silent or out of reach.
  const ExtendedError* const reason = answer.extendedError();
  const bool unreachable = reason && reason->code == ExtendedErrorCode::noReachableAuthority;
  return unreachable && answer.rcode() == Rcode::SERVFAIL ? LookupStatus::noReply : LookupStatus::failed;
}

}  // namespace

bool readAnswer(const Answer& answer, Lookup<LookupRecord>& found) {
  noteReason(answer, found);
  const std::size_t before = found.aliases.size();
  for (;;) {
    takeRecords(answer, found);
    if (!found.records.empty()) break;
    const auto alias = aliasOf(answer, found.name);
    if (!alias) break;
    if (found.aliases.size() == maxLookupAliases) {
      found.status = LookupStatus::endlessAliases;
      return false;
    }
    found.ttl = std::min(found.ttl, std::chrono::seconds(alias->ttl));
    found.aliases.push_back(found.name);
    found.name = alias->target;
  }
  if (!found.records.empty()) {
    for (const LookupRecord& record : found.records) found.ttl = std::min(found.ttl, std::chrono::seconds(record.ttl));
    found.status = LookupStatus::found;
    return false;
  }
  found.status = statusOf(answer);
  return found.status == LookupStatus::noData && found.aliases.size() > before && !hasSoa(answer);
}

}  // namespace taut
