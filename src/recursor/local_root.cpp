#include "taut/recursor/local_root.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "taut/dns/rrset.hpp"
#include "taut/dnssec/crypto_budget.hpp"
#include "taut/dnssec/rrsig.hpp"
#include "taut/dnssec/zone_keys.hpp"
#include "taut/zone/zonemd.hpp"

namespace taut {

namespace {

using Fault = std::optional<std::string>;

// Whether the signatures over what proves the zone are right, and until when.
class Signatures {
 public:
  Signatures(const Zone& zone, const AlgorithmPolicy& algorithms, WallTime now)
      : apex_(zone.apex()), algorithms_(algorithms), now_(now) {}

  // Nothing where all is right.
  Fault verify(const TrustAnchors::Anchor& anchor) {
    const ZoneRRset keys = apex_.rrset(Type::DNSKEY);
    KeysVerdict verdict =
        authenticateKeys(anchor.zone, keys.data, keys.rrsig, anchor.ds(), algorithms_, signatureTime(now_), budget_);
    if (verdict.security != KeysVerdict::Security::secure) return faultOf(Type::DNSKEY, verdict.fault);
    noteEnd(keys.rrsig);
    for (const Type type : {Type::SOA, Type::ZONEMD}) {
      const ZoneRRset set = apex_.rrset(type);
      const auto verified = verifyRRset(set.data, set.rrsig, *verdict.keys, algorithms_, signatureTime(now_), budget_);
      if (!verified) return faultOf(type, verified.error());
      noteEnd(set.rrsig);
    }
    return std::nullopt;
  }

  WallTime until() const { return until_; }

 private:
  static Fault faultOf(Type type, ValidationFault fault) {
    return fmt::format("{}: {}", toString(type), describe(fault));
  }

  // The last one of them counts, by serial arithmetic (RFC 4034 section 3.1.5).
  void noteEnd(const RRset& signatures) {
    std::int32_t longest = 0;
    for (const ByteSpan rdata : signatures)
      if (const auto signature = RrsigView::parse(rdata))
        longest = std::max(longest, static_cast<std::int32_t>(signature->expiration() - signatureTime(now_)));
    until_ = std::min(until_, now_ + std::chrono::seconds(longest));
  }

  ZoneNode apex_;
  const AlgorithmPolicy& algorithms_;
  WallTime now_;
  WallTime until_ = WallTime::max();
  CryptoBudget budget_;
};

Fault digestFault(const Zone& zone) {
  const ZonemdResult result = verifyZonemd(zone);
  switch (result.status) {
    case ZonemdResult::Status::verified:
      return std::nullopt;
    case ZonemdResult::Status::absent:
      return "it has no ZONEMD";
    case ZonemdResult::Status::unsupported:
    case ZonemdResult::Status::failed:
      break;
  }
  return "ZONEMD: " + result.reason;
}

}  // namespace

LocalRoot::Made LocalRoot::make(std::shared_ptr<const Zone> zone, const TrustAnchors* anchors,
                                const AlgorithmPolicy& algorithms, WallTime now) {
  if (!zone || !zone->isLoaded()) return Failure(std::string("it is not loaded"));
  if (!zone->origin().isRoot() || zone->rrClass() != Class::IN) return Failure(std::string("it is not the root"));
  if (!zone->apex().has(Type::ZONEMD)) return Failure(*digestFault(*zone));
  Signatures signatures(*zone, algorithms, now);
  if (const TrustAnchors::Anchor* const anchor = anchors ? anchors->find(zone->origin()) : nullptr)
    if (auto fault = signatures.verify(*anchor)) return Failure(std::move(*fault));
  if (auto fault = digestFault(*zone)) return Failure(std::move(*fault));
  return std::make_shared<const LocalRoot>(Proven{}, std::move(zone), signatures.until());
}

}  // namespace taut
