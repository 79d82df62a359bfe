#include "taut/recursor/trust_anchor_state.hpp"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

#include "taut/dns/type.hpp"
#include "taut/dnssec/crypto_budget.hpp"
#include "taut/dnssec/dnskey.hpp"
#include "taut/dnssec/ds.hpp"
#include "taut/dnssec/rrsig.hpp"
#include "taut/dnssec/zone_keys.hpp"

namespace taut {

namespace {

using std::chrono::seconds;
using KeyState = TrustAnchorState::KeyState;

constexpr std::uint8_t revokeFlag = 0x80;  // of the second octet of the flags

std::vector<std::uint8_t> withoutRevocation(ByteSpan rdata) {
  std::vector<std::uint8_t> octets(rdata.begin(), rdata.end());
  octets[1] = static_cast<std::uint8_t>(octets[1] & ~revokeFlag);
  return octets;
}

std::uint32_t dnssecTime(TrustAnchorState::Seconds now) {
  return static_cast<std::uint32_t>(now.time_since_epoch().count());
}

std::string dateOf(TrustAnchorState::Seconds time) {
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(time));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

// What says how soon the zone is asked again (RFC 5011 section 2.3).
struct Pace {
  seconds ttl{maxTtl};         // the least original TTL
  seconds expiration{maxTtl};  // until the first signature ends

  seconds query() const {
    return std::max<seconds>(std::chrono::hours(1),
                             std::min<seconds>({TrustAnchorState::maxInterval, ttl / 2, expiration / 2}));
  }
  seconds retry() const {
    return std::max<seconds>(std::chrono::hours(1),
                             std::min<seconds>({std::chrono::days(1), ttl / 10, expiration / 10}));
  }
};

Pace paceOf(const RRset& signatures, TrustAnchorState::Seconds now) {
  Pace pace;
  std::size_t seen = 0;
  for (const ByteSpan rdata : signatures) {
    const auto signature = RrsigView::parse(rdata);
    if (++seen > maxSignaturesSeen) break;
    if (!signature || signature->typeCovered() != Type::DNSKEY) continue;
    // By serial arithmetic (RFC 4034 section 3.1.5).
    const auto left = static_cast<std::int32_t>(signature->expiration() - dnssecTime(now));
    pace.ttl = std::min(pace.ttl, seconds(signature->originalTtl()));
    pace.expiration = std::min(pace.expiration, seconds(left));
  }
  return pace;
}

}  // namespace

std::string_view nameOf(KeyState state) {
  switch (state) {
    case KeyState::pending:
      return "pending";
    case KeyState::valid:
      return "valid";
    case KeyState::missing:
      return "missing";
    case KeyState::revoked:
      return "revoked";
    case KeyState::removed:
      return "removed";
  }
  return "";
}

std::uint16_t TrustAnchorState::Key::tag() const {
  return DnskeyView::parse(rdata)->keyTag();
}

std::string TrustAnchorState::Change::toString() const {
  const auto line = [&](std::string_view what) {
    return fmt::format("trust anchor of {}: key {} {}", zone, tag, what);
  };
  if (!after) return line("was new, and is gone");
  switch (*after) {
    case KeyState::pending:
      return line(fmt::format("is new, and will be trusted from {} on", dateOf(time)));
    case KeyState::valid:
      return line(before == KeyState::missing ? "is there again" : "is trusted");
    case KeyState::missing:
      return line("is trusted, though the zone does not have it any more");
    case KeyState::revoked:
      return line("was revoked, and is not trusted any more");
    case KeyState::removed:
      return line("was revoked, and is not looked for any more");
  }
  return line("");
}

// One DNSKEY RRset of one zone: what it says of the keys.
class TrustAnchorState::Observation {
 public:
  Observation(const TrustAnchorState& state, NameView zone, Point& point, const RRset& dnskeys,
              const AlgorithmPolicy& policy, Seconds now)
      : state_(state), zone_(zone), point_(point), dnskeys_(dnskeys), policy_(policy), now_(now) {}

  // A key that signs its own revocation ends, whoever else has signed the RRset (RFC 5011 section 2.1).
  void takeRevocations(const RRset& signatures) {
    for (const ByteSpan rdata : dnskeys_) {
      const auto revoked = DnskeyView::parse(rdata);
      if (!revoked || !revoked->isZoneKey() || !revoked->isRevoked()) continue;
      const std::vector<std::uint8_t> octets = withoutRevocation(rdata);
      Key* const key = find(octets);
      const bool isTrusted = key ? key->isTrusted() : state_.isConfigured(zone_, octets);
      if (isTrusted && hasSigned(*revoked, signatures)) set(key, octets, KeyState::revoked, now_ + holdDown);
    }
  }

  bool isVerified(const RRset& signatures) {
    TrustAnchors trusted;
    state_.addAnchors(zone_, point_, trusted);
    const TrustAnchors::Anchor* const anchor = trusted.find(zone_);
    if (!anchor) return false;
    const auto verdict =
        authenticateKeys(zone_, dnskeys_, signatures, anchor->ds(), policy_, dnssecTime(now_), budget_);
    return verdict.security == KeysVerdict::Security::secure;
  }

  // Of an RRset that was verified: which keys are there, and which are not.
  void takeKeys(seconds ttl) {
    holdDown_ = std::max<seconds>(holdDown, ttl);
    for (const ByteSpan rdata : dnskeys_) {
      const auto key = DnskeyView::parse(rdata);
      if (!key || !key->isZoneKey() || key->isRevoked() || find(rdata)) continue;
      if (state_.isConfigured(zone_, rdata))
        set(nullptr, rdata, KeyState::valid, now_);
      else if (key->isSecureEntryPoint() && policy_.validates(key->algorithm()))
        set(nullptr, rdata, KeyState::pending, now_ + holdDown_);
    }
    for (std::size_t i = 0; i < point_.keys.size();)
      if (!pass(point_.keys[i]))
        point_.keys.erase(point_.keys.begin() + static_cast<std::ptrdiff_t>(i));
      else
        ++i;
  }

  std::vector<Change> takeChanges() { return std::move(changes_); }
  bool isOtherTrust() const { return isOtherTrust_; }

 private:
  Key* find(ByteSpan rdata) { return const_cast<Key*>(TrustAnchorState::find(point_, rdata)); }

  bool isPresent(const Key& key) const {
    return std::any_of(dnskeys_.begin(), dnskeys_.end(),
                       [&](ByteSpan rdata) { return std::ranges::equal(rdata, key.rdata); });
  }

  bool hasSigned(const DnskeyView& key, const RRset& signatures) {
    ZoneKeys alone(zone_);
    alone.add(key);
    return verifyRRset(dnskeys_, signatures, alone, policy_, dnssecTime(now_), budget_).ok();
  }

  // False where the key is to be forgotten.
  bool pass(Key& key) {
    switch (key.state) {
      case KeyState::pending:
        if (!isPresent(key)) {
          note(key, key.state, std::nullopt);
          return false;
        }
        // The clock was ahead when the key was new.
        key.time = std::min<Seconds>(key.time, now_ + holdDown_);
        if (now_ >= key.time) set(&key, {}, KeyState::valid, now_);
        break;
      case KeyState::valid:
        if (!isPresent(key)) set(&key, {}, KeyState::missing, now_);
        break;
      case KeyState::missing:
        if (isPresent(key)) set(&key, {}, KeyState::valid, now_);
        break;
      case KeyState::revoked:
        if (now_ >= key.time) set(&key, {}, KeyState::removed, now_);
        break;
      case KeyState::removed:
        break;
    }
    return true;
  }

  void set(Key* key, ByteSpan rdata, KeyState state, Seconds time) {
    const std::optional<KeyState> before = key ? std::optional(key->state) : std::nullopt;
    if (!key) {
      if (point_.keys.size() >= maxKeys) return;
      key = &point_.keys.emplace_back();
      key->rdata.assign(rdata.begin(), rdata.end());
    }
    const bool wasTrusted = before ? key->isTrusted() : state_.isConfigured(zone_, key->rdata);
    key->state = state;
    key->time = time;
    isOtherTrust_ = isOtherTrust_ || wasTrusted != key->isTrusted();
    note(*key, before, state);
  }

  void note(const Key& key, std::optional<KeyState> before, std::optional<KeyState> after) {
    changes_.push_back({Name(zone_), key.tag(), before, after, key.time});
  }

  const TrustAnchorState& state_;
  NameView zone_;
  Point& point_;
  const RRset& dnskeys_;
  const AlgorithmPolicy& policy_;
  Seconds now_;
  seconds holdDown_{};  // of a key that is new now
  CryptoBudget budget_;
  std::vector<Change> changes_;
  bool isOtherTrust_ = false;
};

TrustAnchorState::TrustAnchorState(TrustAnchors configured) : configured_(std::move(configured)) {
  configured_.forEach([&](const TrustAnchors::Anchor& anchor) { points_.try_emplace(anchor.zone); });
}

TrustAnchors TrustAnchorState::anchors() const {
  TrustAnchors anchors;
  for (const auto& [zone, point] : points_) addAnchors(zone, point, anchors);
  return anchors;
}

// The keys that are trusted come first, because a zone has only so many anchors.
void TrustAnchorState::addAnchors(NameView zone, const Point& point, TrustAnchors& into) const {
  const auto add = [&](Type type, ByteSpan rdata) { static_cast<void>(into.add(zone, type, rdata).ok()); };
  const auto isRevoked = [&](const Key& key) {
    return key.state == KeyState::revoked || key.state == KeyState::removed;
  };
  for (const Key& key : point.keys)
    if (key.isTrusted()) add(Type::DNSKEY, key.rdata);
  const TrustAnchors::Anchor& anchor = *configured_.find(zone);
  for (const ByteSpan rdata : anchor.keys()) {
    const Key* const key = find(point, rdata);
    if (!key || !isRevoked(*key)) add(Type::DNSKEY, rdata);
  }
  for (const ByteSpan rdata : anchor.ds()) {
    const bool isOfRevoked = std::ranges::any_of(point.keys, [&](const Key& key) {
      return isRevoked(key) && matchesDigest(zone, *DnskeyView::parse(key.rdata), *DsView::parse(rdata));
    });
    if (!isOfRevoked) add(Type::DS, rdata);
  }
}

std::optional<TrustAnchorState::NextQuery> TrustAnchorState::next(Seconds now) const {
  const auto first =
      std::ranges::min_element(points_, {}, [](const Points::value_type& entry) { return entry.second.due; });
  if (first == points_.end()) return std::nullopt;
  return NextQuery{first->first, std::min<Seconds>(first->second.due, now + maxInterval)};
}

TrustAnchorState::Outcome TrustAnchorState::update(NameView zone, const RRset& dnskeys, const RRset& signatures,
                                                   const AlgorithmPolicy& policy, Seconds now) {
  Outcome outcome;
  const auto found = points_.find(zone);
  if (found == points_.end()) return outcome;
  Point& point = found->second;
  point.due = now + point.retry;
  if (dnskeys.type != Type::DNSKEY || dnskeys.owner != zone || dnskeys.count > maxZoneKeys) return outcome;
  Observation observation(*this, found->first, point, dnskeys, policy, now);
  observation.takeRevocations(signatures);
  outcome.isVerified = observation.isVerified(signatures);
  if (outcome.isVerified) {
    const Pace pace = paceOf(signatures, now);
    observation.takeKeys(pace.ttl);
    point.due = now + pace.query();
    point.retry = pace.retry();
  }
  outcome.isOtherTrust = observation.isOtherTrust();
  outcome.changes = observation.takeChanges();
  return outcome;
}

void TrustAnchorState::noteFailure(NameView zone, Seconds now) {
  const auto found = points_.find(zone);
  if (found != points_.end()) found->second.due = now + found->second.retry;
}

const TrustAnchorState::Key* TrustAnchorState::find(const Point& point, ByteSpan rdata) {
  const auto found =
      std::ranges::find_if(point.keys, [&](const Key& key) { return std::ranges::equal(key.rdata, rdata); });
  return found == point.keys.end() ? nullptr : &*found;
}

bool TrustAnchorState::isConfigured(NameView zone, ByteSpan rdata) const {
  const DnskeyView key = *DnskeyView::parse(rdata);
  const RRset ds = configured_.find(zone)->ds();
  return std::any_of(ds.begin(), ds.end(),
                     [&](ByteSpan digest) { return matchesDigest(zone, key, *DsView::parse(digest)); });
}

}  // namespace taut
