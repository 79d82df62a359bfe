// What the checks of a zone look at: a node with the places where its records were read.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "diagnostic_list.hpp"
#include "record_log.hpp"
#include "record_places.hpp"
#include "taut/base/bytes.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_builder.hpp"

namespace taut::detail {

struct CheckedSet {
  const NodeHeader* node;
  const RRsetEntry* entry;
  std::span<const LogPlace> places;  // one for each record

  Type type() const { return static_cast<Type>(entry->type); }
  RRset rrset() const { return node->read(entry); }
  LogPlace firstRead() const { return *std::min_element(places.begin(), places.end()); }
};

struct CheckedNode {
  ZoneNode node;
  std::span<const CheckedSet> sets;  // ordered by type, signatures after what they cover

  std::string owner() const { return node.owner().toString(); }
  const CheckedSet* find(Type type) const {
    const auto found = std::find_if(sets.begin(), sets.end(), [type](const CheckedSet& s) { return s.type() == type; });
    return found != sets.end() ? &*found : nullptr;
  }
};

struct ZoneCheck {
  const Zone& zone;
  const RecordLog& log;
  const ZoneChecks& limits;
  DiagnosticList& diagnostics;

  RecordPlace placeOf(const LogPlace& place) const { return {log.file(place.file), place.line}; }
  void error(const LogPlace& place, std::string message) const {
    diagnostics.error(std::move(message), placeOf(place));
  }
  void warning(const LogPlace& place, std::string message) const {
    diagnostics.warning(std::move(message), placeOf(place));
  }
};

// Types that may stand beside a CNAME: signatures, denial, and keys for dynamic updates (RFC 4035 section 2.5).
inline bool mayAccompanyCname(Type type) {
  return type == Type::CNAME || type == Type::RRSIG || type == Type::NSEC || type == Type::SIG || type == Type::KEY;
}

// Whether the hosts that NS, MX or SRV records name within the zone have addresses there.
void checkTargets(const ZoneCheck& check, ZoneNode owner, const CheckedSet& set);

// What keeps a zone from being served by its own name servers: the first of them that lies in it without an address.
// Empty where there is none.
std::string problemOfNameServers(const Zone& zone);

// What is wrong with CDS or CDNSKEY records beside these DNSKEY records; empty where nothing is.
std::string problemOfKeysForParent(Type type, std::span<const ByteSpan> records, std::span<const ByteSpan> keys);

// Whether CDS and CDNSKEY records fit the keys of the apex.
void checkKeysForParent(const ZoneCheck& check, const CheckedNode& apex);

// Whether the SVCB records of a DNS server say how a client can reach it.
void checkSvcb(const ZoneCheck& check, const CheckedNode& node, const CheckedSet& set);

// Whether the PTR records of an address name hosts.
void checkPtr(const ZoneCheck& check, const CheckedNode& node, const CheckedSet& set);

}  // namespace taut::detail
