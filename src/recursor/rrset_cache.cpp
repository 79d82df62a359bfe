#include "taut/recursor/rrset_cache.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace taut {

namespace {

std::size_t octetsOf(const RRset& rrset) {
  std::size_t octets = 0;
  for (const ByteSpan rdata : rrset) octets += rdata.size() + 2;
  return octets;
}

// A tenth of a life, as a number of seconds up to 127, or beyond as one of minutes.
constexpr std::uint8_t tenthOf(std::chrono::seconds life) {
  const auto seconds = life.count() / 10;
  return static_cast<std::uint8_t>(seconds < 128 ? seconds : std::min<std::int64_t>(128 + seconds / 60, 255));
}

constexpr std::chrono::seconds secondsOf(std::uint8_t tenth) {
  return std::chrono::seconds(tenth < 128 ? tenth : (tenth - 128) * 60);
}

// Whether validation has found that it may be answered.
bool isValid(SecurityState security) {
  return security == SecurityState::secure || security == SecurityState::insecure;
}

// Whether what is there stays, and not what is offered.
bool isBetter(const CachedRRset& before, TrustGrade grade, SecurityState security, TimePoint now) {
  if (isValid(before.security()) && !isValid(security) && now < before.staleUntil()) return true;
  return !before.expired(now) && grade < before.grade();
}

}  // namespace

LocalRef<CachedRRset> CachedRRset::make(const RRset& rrset, const RRset& allSignatures, TrustGrade grade,
                                        SecurityState security, TimePoint expiry) {
  RRset signatures = allSignatures;
  signatures.count = std::min<std::uint16_t>(allSignatures.count, RRsetCache::maxSignatures);
  const std::size_t rdata = octetsOf(rrset);
  const std::size_t more = rrset.owner.size() + rdata + octetsOf(signatures);
  LocalRef<CachedRRset> made(new (more) CachedRRset(rrset, static_cast<std::uint8_t>(signatures.count)));
  made->grade_ = security == SecurityState::secure ? TrustGrade::secure : grade;
  made->security_ = security;
  made->expiry_ = expiry;
  auto* octets = reinterpret_cast<std::uint8_t*>(made.get() + 1);
  copyOctets(octets, rrset.owner.wire());
  octets += rrset.owner.size();
  copyOctets(octets, {rrset.rdata, rdata});
  if (signatures.count > 0) copyOctets(octets + rdata, {signatures.rdata, octetsOf(signatures)});
  return made;
}

std::size_t CachedRRset::ownerSize() const {
  const std::uint8_t* at = octets();
  while (*at != 0) at += *at + 1;
  return static_cast<std::size_t>(at + 1 - octets());
}

std::size_t CachedRRset::bytes() const {
  const RRset signatures = this->signatures(expiry_);
  const auto before = static_cast<std::size_t>(signatures.rdata - octets());
  return detail::heapSize(sizeof *this + before + octetsOf(signatures));
}

bool CachedRRset::isEnding(TimePoint now) const {
  return !expired(now) && expiry_ - now <= secondsOf(tenth_);
}

std::uint32_t CachedRRset::ttl(TimePoint now) const {
  if (expired(now)) return 0;
  const auto left = std::chrono::ceil<std::chrono::seconds>(expiry_ - now).count();
  return static_cast<std::uint32_t>(left);
}

RRset CachedRRset::rrset(TimePoint now) const {
  RRset rrset;
  rrset.owner = owner();
  rrset.rdata = octets() + rrset.owner.size();
  rrset.ttl = ttl(now);
  rrset.type = type_;
  rrset.count = count_;
  return rrset;
}

RRset CachedRRset::signatures(TimePoint now) const {
  RRset signatures = rrset(now);
  signatures.rdata += octetsOf(signatures);
  signatures.type = Type::RRSIG;
  signatures.count = signatureCount_;
  return signatures;
}

CachedRRset* RRsetCache::lookup(std::uint64_t hash, NameView owner, Type type) {
  return table_.find(hash, [&](const CachedRRset& other) { return other.type() == type && other.owner() == owner; });
}

const CachedRRset* RRsetCache::find(NameView owner, Type type, TimePoint now, bool* refresh) {
  CachedRRset* const found = lookup(hash(owner, type), owner, type);
  if (!found || found->expired(now)) return nullptr;
  const bool again = table_.noteHit(*found);
  if (refresh && again && found->isEnding(now)) *refresh = true;
  return found;
}

const CachedRRset* RRsetCache::findStale(NameView owner, Type type, TimePoint now) {
  CachedRRset* const found = lookup(hash(owner, type), owner, type);
  if (!found || now >= found->staleUntil()) return nullptr;
  table_.noteHit(*found);
  return found;
}

LocalRef<const CachedRRset> RRsetCache::store(const RRset& rrset, const RRset& signatures, TrustGrade grade,
                                              SecurityState security, TimePoint lease, TimePoint now) {
  const bool isBogus = security == SecurityState::bogus;
  const Duration ttl = std::min<Duration>(std::chrono::seconds(rrset.ttl), isBogus ? maxBogusTtl : maxTtl);
  LocalRef<CachedRRset> made = CachedRRset::make(rrset, signatures, grade, security, now + ttl);
  const std::uint64_t wanted = hash(rrset.owner, rrset.type);
  CachedRRset* const before = lookup(wanted, rrset.owner, rrset.type);
  if (before && isBetter(*before, made->grade(), security, now))
    return LocalRef<const CachedRRset>(before->expired(now) ? made.get() : before);
  made->tenth_ = tenthOf(std::chrono::duration_cast<std::chrono::seconds>(ttl));
  LocalRef<const CachedRRset> copy(made.get());
  if (rrset.count == 0 || rrset.ttl == 0 || made->grade() == TrustGrade::additional) return copy;
  if (!isBogus && lease > made->expiry_) {
    const Duration stale = std::min<Duration>(lease - made->expiry_, maxStale);
    made->staleSeconds_ = static_cast<std::uint32_t>(std::chrono::floor<std::chrono::seconds>(stale).count());
  }
  if (before) table_.remove(*before);
  table_.insert(wanted, std::move(made));
  return copy;
}

bool RRsetCache::setSecurity(NameView owner, Type type, SecurityState security, std::chrono::seconds ttlLimit,
                             TimePoint now) {
  CachedRRset* const found = lookup(hash(owner, type), owner, type);
  if (!found || found->expired(now)) return false;
  found->security_ = security;
  if (security == SecurityState::secure) found->grade_ = TrustGrade::secure;
  if (security == SecurityState::bogus) {
    ttlLimit = std::min(ttlLimit, maxBogusTtl);
    found->staleSeconds_ = 0;
  }
  found->expiry_ = std::min<TimePoint>(found->expiry_, now + ttlLimit);
  return true;
}

bool RRsetCache::erase(NameView owner, Type type) {
  CachedRRset* const found = lookup(hash(owner, type), owner, type);
  if (found) table_.remove(*found);
  return found != nullptr;
}

}  // namespace taut
