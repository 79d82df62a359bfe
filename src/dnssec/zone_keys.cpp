#include "taut/dnssec/zone_keys.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include "canonical_rrset.hpp"
#include "signature_steps.hpp"
#include "taut/dnssec/ds.hpp"

namespace taut {

namespace {

// Tries signatures over one RRset, and remembers the fault that tells most.
class RRsetVerification {
 public:
  RRsetVerification(const RRset& set, NameView zone, std::uint32_t now, CryptoBudget& budget)
      : set_(set), zone_(zone), now_(now), budget_(budget) {}

  bool isOver() const { return tried_ >= maxSignaturesTried || failed_ >= maxSignatureFailures; }
  ValidationFault fault() const { return fault_; }
  void note(ValidationFault fault) { fault_ = std::max(fault_, fault); }

  // Notes a key that cannot be used. One that is malformed has cost as much as a signature that is wrong.
  void noteKey(ValidationFault fault) {
    note(fault);
    if (fault == ValidationFault::malformedKey) ++failed_;
  }

  // With the key that the signature names; checkSignature() has passed.
  std::optional<VerifiedSignature> verify(const RrsigView& signature, VerificationKey& key) {
    if (const auto fault = detail::checkKey(set_, signature, zone_, key)) {
      note(*fault);
      return std::nullopt;
    }
    if (!canonical_) canonical_.emplace(set_);
    const std::vector<std::uint8_t> octets = canonical_->signedOctets(signature);
    if (!budget_.take(key.price() + priceOfOctets(octets.size()))) {
      note(ValidationFault::budgetSpent);
      return std::nullopt;
    }
    ++tried_;
    if (key.verify(octets, signature.signature())) return detail::verifiedBy(set_, signature, now_);
    ++failed_;
    budget_.noteFailure();
    note(ValidationFault::badSignature);
    return std::nullopt;
  }

 private:
  const RRset& set_;
  NameView zone_;
  std::uint32_t now_;
  CryptoBudget& budget_;
  std::optional<detail::CanonicalRRset> canonical_;
  std::size_t tried_ = 0;
  std::size_t failed_ = 0;
  ValidationFault fault_ = ValidationFault::noSignature;
};

// The signature over `set` in the RDATA of one RRSIG, where all is right that is checked without a key.
std::optional<RrsigView> candidate(const RRset& set, ByteSpan rdata, NameView zone, const AlgorithmPolicy& policy,
                                   std::uint32_t now, RRsetVerification& verification) {
  const std::optional<RrsigView> signature = RrsigView::parse(rdata);
  if (!signature) {
    verification.note(ValidationFault::malformedSignature);
    return std::nullopt;
  }
  if (signature->typeCovered() != set.type) return std::nullopt;
  std::optional<ValidationFault> fault = checkSignature(set, *signature, now);
  if (!fault && signature->signer() != zone) fault = ValidationFault::wrongSigner;
  if (!fault && !policy.validates(signature->algorithm())) fault = ValidationFault::unsupportedAlgorithm;
  if (!fault) return signature;
  verification.note(*fault);
  return std::nullopt;
}

// Two honest keys may have one tag. The one that did not sign is no failure, or few of a zone's answers would be
// enough.
std::optional<VerifiedSignature> verifyWithKeys(const RrsigView& signature, ZoneKeys& keys, CryptoBudget& budget,
                                                RRsetVerification& verification) {
  const unsigned failuresBefore = budget.failures();
  for (std::size_t number = 0; number < maxKeysOfOneTag && !verification.isOver(); ++number) {
    const ZoneKeys::Found key = keys.find(signature, number, budget);
    if (!key) {
      verification.noteKey(key.error());
      continue;
    }
    if (!*key) {
      if (number == 0) verification.note(ValidationFault::noMatchingKey);
      break;
    }
    if (auto verified = verification.verify(signature, **key)) {
      budget.forgiveFailuresAfter(failuresBefore);
      return verified;
    }
  }
  return std::nullopt;
}

bool isUsable(const DsView& ds, const AlgorithmPolicy& policy) {
  return policy.validates(ds.algorithm()) && policy.validates(ds.digestType());
}

// Why there is no usable DS.
ValidationFault faultOf(const RRset& ds, const AlgorithmPolicy& policy) {
  for (const ByteSpan rdata : ds)
    if (const auto view = DsView::parse(rdata); view && policy.validates(view->algorithm()))
      return ValidationFault::unsupportedDigest;
  return ValidationFault::unsupportedAlgorithm;
}

// A key may not be used for what it is, whatever it signs.
std::optional<ValidationFault> faultOf(const DnskeyView& key) {
  if (!key.isZoneKey()) return ValidationFault::notZoneKey;
  if (key.isRevoked()) return ValidationFault::revokedKey;
  if (isCostly(key)) return ValidationFault::costlyKey;
  return std::nullopt;
}

// The keys of a DNSKEY RRset that DS records vouch for.
class EntryPoints {
 public:
  EntryPoints(NameView zone, const RRset& dnskeys, CryptoBudget& budget)
      : dnskeys_(dnskeys), budget_(budget), keys_(zone) {}

  void add(const DsView& ds) {
    ++dsCount_;
    std::size_t tried = 0;
    for (const ByteSpan rdata : dnskeys_) {
      const std::optional<DnskeyView> key = DnskeyView::parse(rdata);
      if (!key || key->algorithm() != ds.algorithm() || key->keyTag() != ds.keyTag()) continue;
      if (++tried > maxKeysOfOneTag) return;
      if (!budget_.take(std::chrono::microseconds(1) + priceOfOctets(rdata.size())))
        return note(ValidationFault::budgetSpent);
      if (matchesDigest(keys_.zone(), *key, ds)) return addKey(*key);
    }
  }

  ZoneKeys& keys() { return keys_; }
  ValidationFault fault() const { return fault_; }  // where there are no keys
  // Each DS vouches for a key that is not verified with. One DS more, and somebody who leaves its key out would make a
  // signed zone insecure.
  bool areAllCostly() const { return costlyCount_ == dsCount_; }

 private:
  void note(ValidationFault fault) { fault_ = std::max(fault_, fault); }

  void addKey(const DnskeyView& key) {
    const std::optional<ValidationFault> fault = faultOf(key);
    if (!fault) return keys_.add(key);
    note(*fault);
    if (*fault == ValidationFault::costlyKey) ++costlyCount_;
  }

  const RRset& dnskeys_;
  CryptoBudget& budget_;
  ZoneKeys keys_;
  ValidationFault fault_ = ValidationFault::noMatchingKey;
  std::size_t dsCount_ = 0;
  std::size_t costlyCount_ = 0;
};

KeysVerdict failed(KeysVerdict::Security security, ValidationFault fault) {
  KeysVerdict verdict;
  verdict.security = security;
  verdict.fault = fault;
  return verdict;
}

}  // namespace

ZoneKeys::ZoneKeys(NameView zone, const RRset& dnskeys) : zone_(zone) {
  keys_.reserve(dnskeys.count);
  for (const ByteSpan rdata : dnskeys)
    if (const auto key = DnskeyView::parse(rdata)) add(*key);
}

ZoneKeys::Key* ZoneKeys::find(ByteSpan rdata) {
  for (Key& key : keys_)
    if (std::ranges::equal(rdataOf(key), rdata)) return &key;
  return nullptr;
}

void ZoneKeys::add(const DnskeyView& key) {
  if (find(key.rdata())) return;
  keys_.push_back({octets_.size(), key.rdata().size(), key.keyTag(), key.algorithm(), std::nullopt});
  octets_.insert(octets_.end(), key.rdata().begin(), key.rdata().end());
}

void ZoneKeys::takeReady(ZoneKeys& others) {
  for (Key& other : others.keys_) {
    Key* const key = other.ready ? find(others.rdataOf(other)) : nullptr;
    if (key) key->ready = std::exchange(other.ready, std::nullopt);
  }
}

ZoneKeys::Found ZoneKeys::find(const RrsigView& signature, std::size_t number, CryptoBudget& budget) {
  for (Key& key : keys_) {
    if (key.algorithm != signature.algorithm() || key.tag != signature.keyTag()) continue;
    if (number-- > 0) continue;
    return prepare(key, *DnskeyView::parse(rdataOf(key)), budget);
  }
  return static_cast<VerificationKey*>(nullptr);
}

ZoneKeys::Found ZoneKeys::prepare(Key& key, const DnskeyView& view, CryptoBudget& budget) {
  if (key.ready) return &*key.ready;
  if (!budget.take(priceOfKey(key.algorithm))) return Failure(ValidationFault::budgetSpent);
  Result<VerificationKey, ValidationFault> made = VerificationKey::make(view);
  if (!made) {
    if (made.error() == ValidationFault::malformedKey) budget.noteFailure();
    return Failure(made.error());
  }
  key.ready = std::move(made).value();
  return &*key.ready;
}

Result<VerifiedSignature, ValidationFault> verifyRRset(const RRset& set, const RRset& signatures, ZoneKeys& keys,
                                                       const AlgorithmPolicy& policy, std::uint32_t now,
                                                       CryptoBudget& budget) {
  RRsetVerification verification(set, keys.zone(), now, budget);
  std::size_t seen = 0;
  for (const ByteSpan rdata : signatures) {
    if (verification.isOver() || ++seen > maxSignaturesSeen) break;
    const auto signature = candidate(set, rdata, keys.zone(), policy, now, verification);
    if (!signature) continue;
    if (const auto verified = verifyWithKeys(*signature, keys, budget, verification)) return *verified;
  }
  return Failure(verification.fault());
}

std::vector<ByteSpan> usableDs(const RRset& ds, const AlgorithmPolicy& policy) {
  std::vector<ByteSpan> usable;
  bool hasBetter = false;
  for (const ByteSpan rdata : ds) {
    const std::optional<DsView> view = DsView::parse(rdata);
    if (!view || !isUsable(*view, policy)) continue;
    usable.push_back(rdata);
    // One of another size can vouch for nothing, and does not take the place of one that can.
    hasBetter = hasBetter ||
                (view->digestType() != DigestType::SHA1 && view->digest().size() == digestSizeOf(view->digestType()));
  }
  if (hasBetter)
    std::erase_if(usable, [](ByteSpan rdata) { return DsView::parse(rdata)->digestType() == DigestType::SHA1; });
  return usable;
}

KeysVerdict authenticateKeys(NameView zone, const RRset& dnskeys, const RRset& signatures, const RRset& ds,
                             const AlgorithmPolicy& policy, std::uint32_t now, CryptoBudget& budget) {
  using Security = KeysVerdict::Security;
  const std::vector<ByteSpan> usable = usableDs(ds, policy);
  if (usable.empty()) return failed(Security::insecure, faultOf(ds, policy));
  if (dnskeys.owner != zone || dnskeys.type != Type::DNSKEY)
    return failed(Security::bogus, ValidationFault::noMatchingKey);
  if (dnskeys.count > maxZoneKeys) return failed(Security::bogus, ValidationFault::tooManyRecords);
  EntryPoints entry(zone, dnskeys, budget);
  for (const ByteSpan rdata : std::span(usable).first(std::min(usable.size(), maxDsTried)))
    entry.add(*DsView::parse(rdata));
  if (entry.areAllCostly()) return failed(Security::insecure, ValidationFault::costlyKey);
  if (entry.keys().size() == 0) return failed(Security::bogus, entry.fault());
  const auto verified = verifyRRset(dnskeys, signatures, entry.keys(), policy, now, budget);
  if (!verified) return failed(Security::bogus, verified.error());
  KeysVerdict verdict;
  verdict.security = Security::secure;
  verdict.keys.emplace(zone, dnskeys);
  verdict.keys->takeReady(entry.keys());
  verdict.signature = *verified;
  return verdict;
}

}  // namespace taut
