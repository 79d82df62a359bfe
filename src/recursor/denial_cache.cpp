#include "taut/recursor/denial_cache.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <string_view>
#include <utility>

#include "taut/base/bytes.hpp"
#include "taut/dns/nsec3.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dnssec/denial_records.hpp"

namespace taut {

namespace {

constexpr std::size_t nsec3FlagsAt = 1;
constexpr std::size_t nsec3SaltAt = 4;  // its length, and what stands before that

// Of the SOA (RFC 2308 section 4).
std::chrono::seconds minimumOf(const RRset& soa) {
  const ByteSpan rdata = soa.front();
  return std::chrono::seconds(loadU32(rdata.data() + rdata.size() - 4));
}

// What says which chain an NSEC3 record is of: iterations and salt with their length.
ByteSpan parametersOf(const RRset& nsec3) {
  const ByteSpan rdata = nsec3.front();
  return rdata.subspan(2, 3 + rdata[nsec3SaltAt]);
}

// The first 64 bits tell how large a part of all hashes lies between two of them.
std::uint64_t headOf(const std::uint8_t* hash) {
  return std::uint64_t{loadU32(hash)} << 32 | loadU32(hash + 4);
}

bool coversEnough(const RRset& nsec3) {
  const ByteSpan rdata = nsec3.front();
  const std::optional<Nsec3Hash> owner = nsec3HashFromLabel(nsec3.owner.firstLabel());
  const std::uint8_t* const next = rdata.data() + nsec3SaltAt + 1 + rdata[nsec3SaltAt] + 1;
  const std::uint64_t share = headOf(next) - headOf(owner->data());
  const bool isOnlyOne = std::equal(owner->begin(), owner->end(), next);
  return isOnlyOne || share >= std::numeric_limits<std::uint64_t>::max() / DenialCache::leastNsec3Share;
}

bool isUsefulNsec3(const RRset& nsec3) {
  const ByteSpan rdata = nsec3.front();
  return rdata[nsec3FlagsAt] == 0 && loadU16(&rdata[2]) == 0 && coversEnough(nsec3);
}

// Made for one question (RFC 4470 section 4), it leads to the first name below its owner.
bool isMadeForOneName(const RRset& nsec) {
  const std::optional<NameView> next = NameView::fromWire(nsec.front());
  return next->isBelow(nsec.owner) && next->parent() == nsec.owner && next->firstLabel() == std::string_view("\0", 1);
}

bool isUseful(NameView zone, const RRset& set, const VerifiedSignature& signature) {
  if (set.type == Type::SOA)
    return set.count == 1 && set.owner == zone && !signature.isExpanded && validRdata(Type::SOA, set.front());
  DenialRecords denial(zone);
  if (!denial.add(set, signature)) return false;
  return set.type == Type::NSEC ? !isMadeForOneName(set) : isUsefulNsec3(set);
}

// RRSIG and NSEC records are there where others are, and what ANY gets is no matter of proofs.
bool canBeDenied(Type type) {
  return !isMetaType(type) && type != Type::DS && type != Type::RRSIG && type != Type::NSEC && type != Type::NSEC3;
}

// SHA-1 blocks for a name and a salt.
std::size_t blocksOf(std::size_t octets) {
  return (octets + 9 + 63) / 64;
}

}  // namespace

// Looks for the records that prove something of one name.
class DenialCache::Search {
 public:
  Search(Zone& zone, NameView name, Type type, CryptoBudget& budget, TimePoint now)
      : zone_(zone), name_(name), type_(type), budget_(budget), now_(now), denial_(zone.name) {
    if (!zone.soa.empty() && !zone.soa.begin()->second.rrset->expired(now)) soa_ = &zone.soa.begin()->second;
  }

  std::optional<SynthesisedDenial> run() {
    if (!inNsec() && !inNsec3()) return std::nullopt;
    const bool isNegative = found_.kind_ != SynthesisedDenial::Kind::wildcardAnswer;
    if (isNegative && !soa_) return std::nullopt;
    found_.expiry_ = isNegative ? soa_->rrset->expiry() : endOf(*used_[0]);
    for (std::size_t i = 0; i < count_; ++i) {
      found_.expiry_ = std::min(found_.expiry_, endOf(*used_[i]));
      found_.records_[i] = used_[i]->rrset;
      used_[i]->asked = true;
    }
    found_.count_ = count_;
    if (isNegative) {
      found_.soa_ = soa_->rrset;
      soa_->asked = true;
    }
    return std::move(found_);
  }

 private:
  using Kind = SynthesisedDenial::Kind;

  bool inNsec() {
    Record* const at = lastUpTo(zone_.nsec, name_);
    if (!at) return false;
    take(*at);
    const std::optional<NameView> encloser = denial_.nsecClosestEncloser(name_);
    Name wildcard;
    if (encloser) {
      wildcard = *Name::join("*", *encloser);
      if (Record* const atWildcard = lastUpTo(zone_.nsec, wildcard)) take(*atWildcard);
    }
    if (denial_.nameError(name_, budget_) == DenialProof::proven) return finds(Kind::nameError);
    if (denial_.noData(name_, type_, budget_) == DenialProof::proven) return finds(Kind::noData);
    return encloser && findsWildcard(wildcard, *at);
  }

  bool inNsec3() {
    const std::size_t zoneLabels = zone_.name.labelCount();
    const std::size_t nameLabels = name_.labelCount();
    if (zone_.nsec3.empty() || nameLabels > zoneLabels + maxHashedLabels) return false;
    count_ = 0;
    denial_ = DenialRecords(zone_.name);
    Nsec3Hash below{};  // of the name one label longer
    for (std::size_t labels = nameLabels;; --labels) {
      const NameView encloser = name_.suffix(labels);
      const std::optional<Nsec3Hash> hash = hashOf(encloser);
      if (!hash) return false;
      if (Record* const match = atHash(*hash)) {
        take(*match);
        if (labels < nameLabels) return belowEncloser(encloser, below);
        return denial_.noData(name_, type_, budget_) == DenialProof::proven && finds(Kind::noData);
      }
      if (labels == zoneLabels) return false;
      below = *hash;
    }
  }

  bool belowEncloser(NameView encloser, const Nsec3Hash& nextCloser) {
    Record* const covering = beforeHash(nextCloser);
    const Name wildcard = *Name::join("*", encloser);
    const std::optional<Nsec3Hash> hash = hashOf(wildcard);
    if (!covering || !hash) return false;
    take(*covering);
    if (Record* const match = atHash(*hash)) {
      take(*match);
      if (denial_.noData(name_, type_, budget_) == DenialProof::proven) return finds(Kind::noData);
      return findsWildcard(wildcard, *covering);
    }
    Record* const overWildcard = beforeHash(*hash);
    if (!overWildcard) return false;
    take(*overWildcard);
    return denial_.nameError(name_, budget_) == DenialProof::proven && finds(Kind::nameError);
  }

  bool finds(Kind kind) {
    found_.kind_ = kind;
    return true;
  }

  // The record that proves that no name is closer is enough: whoever has the wildcard's data knows that it is there.
  bool findsWildcard(const Name& wildcard, Record& covering) {
    if (denial_.wildcardAnswer(name_, wildcard.labelCount() - 1, budget_) != DenialProof::proven) return false;
    found_.wildcard_ = wildcard;
    used_[0] = &covering;
    count_ = 1;
    return finds(Kind::wildcardAnswer);
  }

  void take(Record& record) {
    const auto taken = std::span(used_).first(count_);
    if (std::ranges::find(taken, &record) != taken.end()) return;
    denial_.add(record.rrset->rrset(now_), VerifiedSignature());
    used_[count_++] = &record;
  }

  // RFC 9077 section 4: no longer than the SOA record says, even where the NSEC record came without it.
  TimePoint endOf(const Record& record) const {
    if (!soa_) return record.rrset->expiry();
    return std::min<TimePoint>(record.rrset->expiry(), record.added + minimumOf(soa_->rrset->rrset(now_)));
  }
  Record* living(Record& record) const { return now_ < endOf(record) ? &record : nullptr; }

  Record* lastUpTo(Chain& chain, NameView name) const {
    const auto after = chain.upper_bound(name);
    return after == chain.begin() ? nullptr : living(std::prev(after)->second);
  }

  std::optional<Nsec3Hash> hashOf(NameView name) {
    const RRset first = zone_.nsec3.begin()->second.rrset->rrset(now_);
    Nsec3Parameters parameters;
    parameters.salt = parametersOf(first).subspan(3);
    if (!budget_.takeNsec3Blocks(blocksOf(name.size() + parameters.salt.size()))) return std::nullopt;
    return nsec3Hash(name, parameters);
  }
  std::optional<Name> ownerOf(const Nsec3Hash& hash) const {
    const auto label = nsec3Label(hash);
    return Name::join({label.data(), label.size()}, zone_.name);
  }
  Record* atHash(const Nsec3Hash& hash) const {
    const std::optional<Name> owner = ownerOf(hash);
    const auto found = owner ? zone_.nsec3.find(*owner) : zone_.nsec3.end();
    return found == zone_.nsec3.end() ? nullptr : living(found->second);
  }
  // The last record of the chain leads on to the first one.
  Record* beforeHash(const Nsec3Hash& hash) const {
    const std::optional<Name> owner = ownerOf(hash);
    if (!owner) return nullptr;
    const auto after = zone_.nsec3.upper_bound(*owner);
    return living(std::prev(after == zone_.nsec3.begin() ? zone_.nsec3.end() : after)->second);
  }

  Zone& zone_;
  NameView name_;
  Type type_;
  CryptoBudget& budget_;
  TimePoint now_;
  Record* soa_ = nullptr;
  DenialRecords denial_;
  std::array<Record*, 3> used_{};
  std::size_t count_ = 0;
  SynthesisedDenial found_;
};

DenialCache::Chain& DenialCache::Zone::chainOf(Type type) {
  if (type == Type::SOA) return soa;
  return type == Type::NSEC ? nsec : nsec3;
}

DenialCache::DenialCache(std::size_t bytes) : capacity_(std::max(bytes, leastBytes)) {
  // As many buckets as ever, because nothing else would bound what they take.
  zones_.max_load_factor(std::numeric_limits<float>::max());
  zones_.rehash(capacity_ / bytesPerBucket);
  bytes_ = bucketBytes();
}

bool DenialCache::add(NameView zone, const RRset& set, const RRset& signatures, const VerifiedSignature& signature,
                      TimePoint now) {
  if (!isUseful(zone, set, signature)) return false;
  std::chrono::seconds ttl =
      std::min<std::chrono::seconds>(std::chrono::seconds(std::min(set.ttl, signature.ttl)), maxTtl);
  if (set.type == Type::SOA) ttl = std::min(ttl, minimumOf(set));
  if (ttl.count() == 0) return false;
  const auto made = CachedRRset::make(set, signatures, TrustGrade::secure, SecurityState::secure, now + ttl);
  const std::size_t size = bytesOf(*made) + zoneBytes;
  if (size > capacity_ - bucketBytes()) return false;
  if (set.type == Type::NSEC3) dropOtherChain(zone, set);
  if (const auto known = zones_.find(zone); known != zones_.end()) {
    Chain& chain = known->second.chainOf(set.type);
    if (const auto before = chain.find(set.owner); before != chain.end()) remove(before->second);
  }
  while (bytes_ + size > capacity_) evict();
  const auto [place, isNew] = zones_.try_emplace(Name(zone));
  place->second.name = place->first;
  if (isNew) bytes_ += zoneBytes;
  const LocalRef<const CachedRRset> kept(made.get());
  Record& record = place->second.chainOf(set.type)[kept->owner()];
  record.rrset = kept;
  record.added = now;
  record.zone = &place->second;
  record.older = newest_;
  (newest_ ? newest_->newer : oldest_) = &record;
  newest_ = &record;
  bytes_ += bytesOf(*kept);
  ++count_;
  return true;
}

std::optional<SynthesisedDenial> DenialCache::synthesise(NameView name, Type type, NameView cut, CryptoBudget& budget,
                                                         TimePoint now) {
  if (zones_.empty() || !canBeDenied(type)) return std::nullopt;
  Zone* const zone = closest(name, cut);
  return zone ? Search(*zone, name, type, budget, now).run() : std::nullopt;
}

DenialCache::Zone* DenialCache::closest(NameView name, NameView cut) {
  for (;; name = name.parent()) {
    const auto found = zones_.find(name);
    if (found != zones_.end()) return &found->second;
    if (name.isRoot() || name == cut) return nullptr;
  }
}

// A zone that is signed anew may have another salt.
void DenialCache::dropOtherChain(NameView zone, const RRset& nsec3) {
  for (auto known = zones_.find(zone); known != zones_.end(); known = zones_.find(zone)) {
    Chain& chain = known->second.nsec3;
    if (chain.empty()) return;
    Record& first = chain.begin()->second;
    if (std::ranges::equal(parametersOf(first.rrset->rrset({})), parametersOf(nsec3))) return;
    remove(first);
  }
}

void DenialCache::remove(Record& record) {
  if (hand_ == &record) hand_ = record.newer;
  (record.older ? record.older->newer : oldest_) = record.newer;
  (record.newer ? record.newer->older : newest_) = record.older;
  bytes_ -= bytesOf(*record.rrset);
  --count_;
  Zone& zone = *record.zone;
  Chain& chain = zone.chainOf(record.rrset->type());
  chain.erase(chain.find(record.rrset->owner()));
  if (!zone.empty()) return;
  zones_.erase(zones_.find(zone.name));
  bytes_ -= zoneBytes;
}

void DenialCache::evict() {
  if (!hand_) hand_ = oldest_;
  for (int steps = 0; steps < maxSteps && hand_->asked; ++steps) {
    hand_->asked = false;
    hand_ = hand_->newer ? hand_->newer : oldest_;
  }
  ++evictions_;
  remove(*hand_);
}

std::size_t DenialCache::erase(Zone& zone) {
  const std::size_t before = count_;
  // The last record takes the zone with it.
  for (std::size_t left = zone.soa.size() + zone.nsec.size() + zone.nsec3.size(); left > 0; --left) {
    Chain& chain = !zone.soa.empty() ? zone.soa : !zone.nsec.empty() ? zone.nsec : zone.nsec3;
    remove(chain.begin()->second);
  }
  return before - count_;
}

std::size_t DenialCache::eraseAround(NameView name) {
  Zone* const zone = closest(name, {});
  return zone ? erase(*zone) : 0;
}

std::size_t DenialCache::eraseWithin(NameView name) {
  const std::size_t before = count_;
  for (auto next = zones_.begin(); next != zones_.end();) {
    const auto zone = next++;
    if (zone->first.isWithin(name)) erase(zone->second);
  }
  return before - count_;
}

void DenialCache::clear() {
  eraseWithin({});
}

}  // namespace taut
