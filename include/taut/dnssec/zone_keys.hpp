// The keys of a zone that are trusted, how they come to be, and RRsets of the zone verified with them.
//
//   CryptoBudget budget;
//   const KeysVerdict verdict = authenticateKeys(zone, dnskeys, dnskeySignatures, ds, policy, now, budget);
//   if (verdict.keys) verifyRRset(rrset, signatures, *verdict.keys, policy, now, budget);
//
// What is tried is bounded whatever the zone holds: see the constants, and `CryptoBudget`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "taut/base/result.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dnssec/algorithm.hpp"
#include "taut/dnssec/crypto_budget.hpp"
#include "taut/dnssec/dnskey.hpp"
#include "taut/dnssec/rrsig.hpp"
#include "taut/dnssec/signature.hpp"
#include "taut/dnssec/validation_fault.hpp"
#include "taut/dnssec/verification_key.hpp"

namespace taut {

inline constexpr std::size_t maxSignaturesSeen = 256;   // of one owner; no more are looked at
inline constexpr std::size_t maxSignaturesTried = 4;    // of one RRset
inline constexpr std::size_t maxSignatureFailures = 2;  // of one RRset
inline constexpr std::size_t maxKeysOfOneTag = 2;       // of one algorithm and tag; the others are not tried
inline constexpr std::size_t maxZoneKeys = 64;          // a DNSKEY RRset that has more is bogus
inline constexpr std::size_t maxDsTried = 8;            // of one zone

class ZoneKeys {
 public:
  explicit ZoneKeys(NameView zone) : zone_(zone) {}
  // Takes the keys as they are: `dnskeys` was verified, and has at most `maxZoneKeys` records.
  ZoneKeys(NameView zone, const RRset& dnskeys);

  void add(const DnskeyView& key);  // once each

  NameView zone() const { return zone_; }
  std::size_t size() const { return keys_.size(); }
  // Octets that it takes, without the keys that are ready, each of which takes some 3 kB.
  std::size_t bytes() const { return octets_.capacity() + keys_.capacity() * sizeof(Key); }

  // Takes over what was made ready of keys that are there too.
  void takeReady(ZoneKeys& others);
  // Gives up what was made ready: it is made anew when it is asked for.
  void release() {
    for (Key& key : keys_) key.ready.reset();
  }

  // The `number`th key with the signature's algorithm and tag, from 0 on; null where there are no more. It is made
  // ready when it is first asked for, which the budget pays.
  using Found = Result<VerificationKey*, ValidationFault>;
  Found find(const RrsigView& signature, std::size_t number, CryptoBudget& budget);

 private:
  struct Key {
    std::size_t offset;  // of its RDATA in octets_
    std::size_t size;
    std::uint16_t tag;
    DnssecAlgorithm algorithm;
    std::optional<VerificationKey> ready;
  };

  Key* find(ByteSpan rdata);
  ByteSpan rdataOf(const Key& key) const { return ByteSpan(octets_).subspan(key.offset, key.size); }
  static Found prepare(Key& key, const DnskeyView& view, CryptoBudget& budget);

  Name zone_;
  std::vector<std::uint8_t> octets_;
  std::vector<Key> keys_;
};

// Verifies an RRset with those of `signatures`, an RRset of RRSIG with the same owner and class, that cover its type:
// one that verifies is enough (RFC 6840 section 5.4). The fault is that of the one that came furthest.
Result<VerifiedSignature, ValidationFault> verifyRRset(const RRset& set, const RRset& signatures, ZoneKeys& keys,
                                                       const AlgorithmPolicy& policy, std::uint32_t now,
                                                       CryptoBudget& budget);

// What the DNSKEY RRset of a zone is (RFC 4033 section 5), and why it is not secure.
struct KeysVerdict {
  enum class Security : std::uint8_t { secure, insecure, bogus };

  Security security = Security::bogus;
  ValidationFault fault{};       // of what is not secure
  std::optional<ZoneKeys> keys;  // of what is secure
  VerifiedSignature signature;   // likewise
};

// The DS records that count: of a supported algorithm and digest, and of SHA-1 only where no other digest does (RFC
// 4509 section 3). Valid as long as `ds`.
std::vector<ByteSpan> usableDs(const RRset& ds, const AlgorithmPolicy& policy);

// Whether `ds`, which was verified or is a trust anchor, vouches for a key that has signed `dnskeys` (RFC 4035 section
// 5.2). Without a usable DS, or where the keys that they vouch for cost too much, the zone is insecure.
KeysVerdict authenticateKeys(NameView zone, const RRset& dnskeys, const RRset& signatures, const RRset& ds,
                             const AlgorithmPolicy& policy, std::uint32_t now, CryptoBudget& budget);

}  // namespace taut
