// Turns records in any order into an immutable `Zone`, with the checks that named-checkzone makes.
//
// Records that cannot be served refuse the zone (no SOA or several, no NS at the apex, a CNAME beside other data, two
// CNAMEs or DNAMEs at one name, a name server in the zone without an address, …), others draw a warning (an NS, MX or
// SRV that leads to a CNAME, an RRSIG without its RRset, a record given twice, TTLs that differ within an RRset, data
// outside the zone, which is left out). Each message names the record and where it was read.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rdata_octets.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/diagnostic.hpp"
#include "taut/zone/zone.hpp"

namespace taut {

struct ZoneChecks {
  // Refuse a zone whose own name servers lie in it without an address, as BIND does; else warn.
  bool requireNsAddresses = true;
  // Refuse a zone with a ZONEMD of which none could be verified, because all schemes or hashes are unknown.
  bool requireZonemd = false;
  // A zone whose NSEC3 chain iterates more than this is refused (RFC 9276 section 3.2): each answer costs the
  // iterations.
  std::uint16_t maxNsec3Iterations = 500;
  // The digest of a zone that has a ZONEMD (RFC 8976 section 4) is computed and compared.
  bool verifyZonemd = true;
  std::size_t maxDiagnostics = 100;  // further ones are counted, not kept
};

struct ZoneBuild {
  std::shared_ptr<const Zone> zone;     // null when there was an error
  std::vector<Diagnostic> diagnostics;  // warnings too
};

class ZoneBuilder {
 public:
  // Without an origin the owner of the first SOA is the origin.
  explicit ZoneBuilder(std::optional<Name> origin = std::nullopt, Class rrClass = Class::IN);
  ~ZoneBuilder();
  ZoneBuilder(ZoneBuilder&&) noexcept;
  ZoneBuilder& operator=(ZoneBuilder&&) noexcept;

  // `ttl` is cut to 0 to `maxTtl`. False, and nothing added, for RDATA that has no wire form: a string of over 255
  // octets, say.
  template <class Rdata>
  bool add(NameView owner, std::chrono::seconds ttl, const Rdata& rdata);

  // `rdata` is valid for its type, in wire form with uncompressed names (RFC 3597 section 4), at most 65,535 octets.
  void add(NameView owner, Type type, std::uint32_t ttl, ByteSpan rdata, const RecordPlace& place = {});

  // Sorts, merges, checks and stores, large zones with several threads. Call once; the builder is empty afterwards.
  // Between the steps it asks `goesOn`, where that is not empty. After a no there is neither a zone nor an error.
  ZoneBuild build(const ZoneChecks& checks = {}, unsigned threads = 1, const std::function<bool()>& goesOn = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

template <class Rdata>
bool ZoneBuilder::add(NameView owner, std::chrono::seconds ttl, const Rdata& rdata) {
  return withRdataOctets(rdata, [&](ByteSpan octets) { add(owner, Rdata::type, clampTtl(ttl), octets); });
}

}  // namespace taut
