#include "taut/dnssec/zone_keys.hpp"

#include <optional>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "dnssec/records.hpp"
#include "dnssec/signing_key.hpp"
#include "taut/dnssec/ds.hpp"

namespace zone_keys_test {

using namespace taut;
using test::Octets;
using test::Records;
using test::SignatureOptions;
using test::SigningKey;

namespace {

using Security = KeysVerdict::Security;

const Name zone("example.");
constexpr const char* apex = "example.";
constexpr std::uint32_t now = SigningKey::now;

Octets dsOf(const SigningKey& key, DigestType type = DigestType::SHA256) {
  const KeyDigest digest = *digestOf(zone, key.view(), type);
  Octets rdata(4);
  storeU16(rdata.data(), key.view().keyTag());
  rdata[2] = static_cast<std::uint8_t>(key.view().algorithm());
  rdata[3] = static_cast<std::uint8_t>(type);
  rdata.insert(rdata.end(), digest.octets().begin(), digest.octets().end());
  return rdata;
}

// A DNSKEY RRset with its signatures, and the DS RRset of the parent.
struct Apex {
  void addKey(const SigningKey& key) { records.add(zone, Type::DNSKEY, 300, key.dnskey()); }
  void addDs(const Octets& rdata) { parent.add(zone, Type::DS, 300, rdata); }
  void signBy(const SigningKey& key, const SignatureOptions& options = {}) {
    records.add(zone, Type::RRSIG, 300, key.sign(records.rrset(apex, Type::DNSKEY), options));
  }
  KeysVerdict authenticate(const AlgorithmPolicy& policy = {}) {
    return authenticateKeys(zone, records.rrset(zone, Type::DNSKEY), records.rrset(zone, Type::RRSIG),
                            parent.rrset(apex, Type::DS), policy, now, budget);
  }

  Records records;
  Records parent;
  CryptoBudget budget;
};

// RSA with another modulus than any key has, so that nobody can have signed.
Octets costlyKey() {
  Octets rdata{1, 1, 3, 8, 3, 1, 0, 1};
  rdata.insert(rdata.end(), 600, 0x55);
  return rdata;
}

Octets dsOfRdata(const Octets& key) {
  const DnskeyView view = *DnskeyView::parse(key);
  const KeyDigest digest = *digestOf(zone, view, DigestType::SHA256);
  Octets rdata(4);
  storeU16(rdata.data(), view.keyTag());
  rdata[2] = static_cast<std::uint8_t>(view.algorithm());
  rdata[3] = 2;
  rdata.insert(rdata.end(), digest.octets().begin(), digest.octets().end());
  return rdata;
}

}  // namespace

TEST_CASE("Keys are secure where a key that a DS vouches for has signed them, and only then") {
  const SigningKey entry(zone);
  const SigningKey other(zone, DnssecAlgorithm::ECDSAP256SHA256, 0x0100);
  Apex good;
  good.addKey(entry);
  good.addKey(other);
  good.addDs(dsOf(entry));
  good.signBy(entry);
  good.signBy(other);
  const KeysVerdict verdict = good.authenticate();
  CHECK(verdict.security == Security::secure);
  REQUIRE(verdict.keys.has_value());
  CHECK(verdict.keys->size() == 2);
  CHECK(verdict.signature.ttl == 300);

  Apex signedByOther;
  signedByOther.addKey(entry);
  signedByOther.addKey(other);
  signedByOther.addDs(dsOf(entry));
  signedByOther.signBy(other);
  CHECK(signedByOther.authenticate().security == Security::bogus);
  CHECK(signedByOther.authenticate().fault == ValidationFault::noMatchingKey);

  Apex unsignedKeys;
  unsignedKeys.addKey(entry);
  unsignedKeys.addDs(dsOf(entry));
  CHECK(unsignedKeys.authenticate().security == Security::bogus);
  CHECK(unsignedKeys.authenticate().fault == ValidationFault::noSignature);

  Apex expired;
  expired.addKey(entry);
  expired.addDs(dsOf(entry));
  SignatureOptions past;
  past.expiration = now - 1;
  expired.signBy(entry, past);
  CHECK(expired.authenticate().security == Security::bogus);
  CHECK(expired.authenticate().fault == ValidationFault::expired);

  Apex withoutKeys;
  withoutKeys.addDs(dsOf(entry));
  CHECK(withoutKeys.authenticate().security == Security::bogus);
}

TEST_CASE("A zone is insecure where no DS has both an algorithm and a digest that are validated") {
  const SigningKey entry(zone);
  Apex unknown;
  unknown.addKey(entry);
  unknown.signBy(entry);
  Octets other = dsOf(entry);
  other[3] = 9;
  unknown.addDs(other);
  CHECK(unknown.authenticate().security == Security::insecure);
  CHECK(unknown.authenticate().fault == ValidationFault::unsupportedDigest);
  Apex algorithm;
  algorithm.addKey(entry);
  algorithm.signBy(entry);
  other = dsOf(entry);
  other[2] = 23;
  algorithm.addDs(other);
  CHECK(algorithm.authenticate().security == Security::insecure);
  CHECK(algorithm.authenticate().fault == ValidationFault::unsupportedAlgorithm);
  // One that is validated makes it signed, whatever else is there.
  algorithm.addDs(dsOf(entry));
  CHECK(algorithm.authenticate().security == Security::secure);
}

TEST_CASE("A digest of SHA-1 counts only where there is no other one (RFC 4509 section 3)") {
  const SigningKey entry(zone);
  const SigningKey stranger(zone);
  Apex both;
  both.addKey(entry);
  both.signBy(entry);
  both.addDs(dsOf(entry, DigestType::SHA1));
  CHECK(both.authenticate().security == Security::secure);
  both.addDs(dsOf(stranger, DigestType::SHA256));
  CHECK(both.authenticate().security == Security::bogus);
  // A digest of the wrong size vouches for nothing, and takes nobody's place.
  Apex cut;
  cut.addKey(entry);
  cut.signBy(entry);
  cut.addDs(dsOf(entry, DigestType::SHA1));
  Octets shorter = dsOf(stranger);
  shorter.pop_back();
  cut.addDs(shorter);
  CHECK(cut.authenticate().security == Security::secure);
}

TEST_CASE("A revoked key, and one that is not for zones, is no entry point (RFC 5011 section 2.1)") {
  const SigningKey revoked(zone, DnssecAlgorithm::ED25519, 0x0181);
  Apex first;
  first.addKey(revoked);
  first.signBy(revoked);
  first.addDs(dsOf(revoked));
  CHECK(first.authenticate().security == Security::bogus);
  CHECK(first.authenticate().fault == ValidationFault::revokedKey);
  const SigningKey notZoneKey(zone, DnssecAlgorithm::ED25519, 0x0001);
  Apex second;
  second.addKey(notZoneKey);
  second.signBy(notZoneKey);
  second.addDs(dsOf(notZoneKey));
  CHECK(second.authenticate().security == Security::bogus);
  CHECK(second.authenticate().fault == ValidationFault::notZoneKey);
}

TEST_CASE(
    "A zone whose keys all cost too much is insecure, and one with another key is not made so by leaving it out") {
  Apex costly;
  costly.records.add(zone, Type::DNSKEY, 300, costlyKey());
  costly.addDs(dsOfRdata(costlyKey()));
  CHECK(costly.authenticate().security == Security::insecure);
  CHECK(costly.authenticate().fault == ValidationFault::costlyKey);
  costly.addDs(dsOf(SigningKey(zone)));
  CHECK(costly.authenticate().security == Security::bogus);
}

TEST_CASE("More keys than a zone may have are bogus, and more DS than are tried do not count") {
  Apex many;
  const SigningKey entry(zone);
  many.addKey(entry);
  for (std::size_t i = 0; i < maxZoneKeys; ++i)
    many.records.add(zone, Type::DNSKEY, 300, Octets{1, 0, 3, 15, static_cast<std::uint8_t>(i)});
  many.signBy(entry);
  many.addDs(dsOf(entry));
  CHECK(many.authenticate().security == Security::bogus);
  CHECK(many.authenticate().fault == ValidationFault::tooManyRecords);

  Apex manyDs;
  manyDs.addKey(entry);
  manyDs.signBy(entry);
  for (std::size_t i = 0; i < maxDsTried; ++i) {
    Octets wrong = dsOf(entry);
    wrong.back() ^= static_cast<std::uint8_t>(i + 1);
    manyDs.addDs(wrong);
  }
  manyDs.addDs(dsOf(entry));
  CHECK(manyDs.authenticate().security == Security::bogus);
}

TEST_CASE("One good signature among others is enough, in any place") {
  const SigningKey first(zone);
  const SigningKey second(zone, DnssecAlgorithm::ECDSAP256SHA256);
  ZoneKeys keys(zone);
  keys.add(first.view());
  keys.add(second.view());
  const Records records("www.example. 300 A 192.0.2.1\n");
  const RRset set = records.rrset("www.example.", Type::A);
  SignatureOptions past;
  past.expiration = now - 1;
  Octets bad = second.sign(set);
  bad.back() ^= 1;
  Records signatures;
  for (const Octets& rdata :
       {first.sign(set, past), SigningKey(zone).sign(set), Octets{1, 2, 3}, bad, second.sign(set)})
    signatures.add(set.owner, Type::RRSIG, 300, rdata);
  CryptoBudget budget;
  CHECK(verifyRRset(set, signatures.rrset("www.example.", Type::RRSIG), keys, {}, now, budget).ok());
  CHECK(budget.failures() == 1);
}

TEST_CASE("The fault of an RRset is that of the signature that came furthest") {
  const SigningKey key(zone);
  ZoneKeys keys(zone);
  keys.add(key.view());
  const Records records("www.example. 300 A 192.0.2.1\n");
  const RRset set = records.rrset("www.example.", Type::A);
  Records signatures;
  const auto fault = [&](const AlgorithmPolicy& policy = {}) {
    CryptoBudget budget;
    return verifyRRset(set, signatures.rrset(set.owner, Type::RRSIG), keys, policy, now, budget).error();
  };
  CHECK(fault() == ValidationFault::noSignature);
  SignatureOptions elsewhere;
  elsewhere.typeCovered = Type::TXT;
  signatures.add(set.owner, Type::RRSIG, 300, key.sign(set, elsewhere));
  CHECK(fault() == ValidationFault::noSignature);
  signatures.add(set.owner, Type::RRSIG, 300, Octets{1});
  CHECK(fault() == ValidationFault::malformedSignature);
  signatures.add(set.owner, Type::RRSIG, 300, SigningKey(Name(".")).sign(set));
  CHECK(fault() == ValidationFault::wrongSigner);
  signatures.add(set.owner, Type::RRSIG, 300, SigningKey(zone).sign(set));
  CHECK(fault() == ValidationFault::noMatchingKey);
  const SigningKey old(zone, DnssecAlgorithm::RSASHA1);
  signatures.add(set.owner, Type::RRSIG, 300, old.sign(set));
  CHECK(fault(AlgorithmPolicy{false}) == ValidationFault::unsupportedAlgorithm);
  SignatureOptions past;
  past.expiration = now - 1;
  signatures.add(set.owner, Type::RRSIG, 300, key.sign(set, past));
  CHECK(fault() == ValidationFault::expired);
  Octets bad = key.sign(set);
  bad.back() ^= 1;
  signatures.add(set.owner, Type::RRSIG, 300, bad);
  CHECK(fault() == ValidationFault::badSignature);
}

TEST_CASE("Keys that share a tag and signatures that fit none cost two verifications of an RRset (CVE-2023-50387)") {
  // Two keys of Ed25519 whose tags are alike: octets that are as far apart as to add up.
  Octets first(32, 0x11);
  Octets second = first;
  second[0] = 0x12;
  second[2] = 0x10;
  Octets third = first;
  third[4] = 0x12;
  third[6] = 0x10;
  ZoneKeys keys(zone);
  std::optional<std::uint16_t> tag;
  for (const Octets& octets : {first, second, third}) {
    Octets rdata{1, 0, 3, 15};
    rdata.insert(rdata.end(), octets.begin(), octets.end());
    const DnskeyView view = *DnskeyView::parse(rdata);
    CHECK(tag.value_or(view.keyTag()) == view.keyTag());
    tag = view.keyTag();
    keys.add(view);
  }
  CHECK(keys.size() == 3);
  const Records records("www.example. 300 A 192.0.2.1\n");
  const RRset set = records.rrset("www.example.", Type::A);
  Records signatures;
  for (std::uint8_t i = 0; i < 50; ++i) {
    Octets rdata = SigningKey(zone).sign(set);
    storeU16(&rdata[16], *tag);
    rdata.back() ^= i;
    signatures.add(set.owner, Type::RRSIG, 300, rdata);
  }
  CryptoBudget budget;
  const RRset all = signatures.rrset(set.owner, Type::RRSIG);
  CHECK(verifyRRset(set, all, keys, {}, now, budget).error() == ValidationFault::badSignature);
  CHECK(budget.failures() == maxSignatureFailures);
  const auto spent = CryptoBudget::maxTime - budget.left();
  CHECK(spent < 3 * priceOfVerification(DnssecAlgorithm::ED25519));
  // The next RRset of the same question has what is left: one failure.
  CHECK_FALSE(verifyRRset(set, all, keys, {}, now, budget).ok());
  CHECK(budget.failures() == CryptoBudget::maxFailures);
  CHECK(verifyRRset(set, all, keys, {}, now, budget).error() == ValidationFault::budgetSpent);
  CHECK(budget.failures() == CryptoBudget::maxFailures);
}

TEST_CASE("Of the signatures of an owner so many are looked at, whatever they cover") {
  const SigningKey key(zone);
  ZoneKeys keys(zone);
  keys.add(key.view());
  const Records records("www.example. 300 A 192.0.2.1\n");
  const RRset set = records.rrset("www.example.", Type::A);
  for (const std::size_t others : {maxSignaturesSeen - 1, maxSignaturesSeen}) {
    Records signatures;
    for (std::size_t i = 0; i < others; ++i) signatures.add(set.owner, Type::RRSIG, 300, Octets{1});
    signatures.add(set.owner, Type::RRSIG, 300, key.sign(set));
    CryptoBudget budget;
    CHECK(verifyRRset(set, signatures.rrset(set.owner, Type::RRSIG), keys, {}, now, budget).ok() ==
          (others < maxSignaturesSeen));
  }
}

TEST_CASE("Two keys of one tag, as honest zones may have them, are no failures of a question") {
  const SigningKey key(zone);
  Octets twin = key.dnskey();
  // Octets that are two apart count alike in the tag.
  std::size_t at = 4;
  while (twin[at] == twin[at + 2]) ++at;
  std::swap(twin[at], twin[at + 2]);
  ZoneKeys keys(zone);
  keys.add(*DnskeyView::parse(twin));
  keys.add(key.view());
  REQUIRE(keys.size() == 2);
  REQUIRE(DnskeyView::parse(twin)->keyTag() == key.view().keyTag());
  const Records records("www.example. 300 A 192.0.2.1\n");
  const RRset set = records.rrset("www.example.", Type::A);
  Records signatures;
  signatures.add(set.owner, Type::RRSIG, 300, key.sign(set));
  CryptoBudget budget;
  for (int i = 0; i < 10; ++i)
    CHECK(verifyRRset(set, signatures.rrset(set.owner, Type::RRSIG), keys, {}, now, budget).ok());
  CHECK(budget.failures() == 0);
}

TEST_CASE("Malformed keys are failures, as signatures that are wrong") {
  Octets rdata{1, 0, 3, 13};
  rdata.insert(rdata.end(), 64, 1);  // no point of the curve
  const DnskeyView view = *DnskeyView::parse(rdata);
  ZoneKeys keys(zone);
  keys.add(view);
  const Records records("www.example. 300 A 192.0.2.1\n");
  const RRset set = records.rrset("www.example.", Type::A);
  Octets signature = SigningKey(zone, DnssecAlgorithm::ECDSAP256SHA256).sign(set);
  storeU16(&signature[16], view.keyTag());
  Records signatures;
  for (int i = 0; i < 10; ++i) signatures.add(set.owner, Type::RRSIG, 300, signature);
  CryptoBudget budget;
  CHECK(verifyRRset(set, signatures.rrset(set.owner, Type::RRSIG), keys, {}, now, budget).error() ==
        ValidationFault::malformedKey);
  CHECK(budget.failures() == maxSignatureFailures);
}

TEST_CASE("A question's time for cryptography is spent by the price of what is verified, and ends it") {
  const SigningKey key(zone, DnssecAlgorithm::ECDSAP384SHA384);
  ZoneKeys keys(zone);
  keys.add(key.view());
  const Records records("www.example. 300 A 192.0.2.1\n");
  const RRset set = records.rrset("www.example.", Type::A);
  Records signatures;
  signatures.add(set.owner, Type::RRSIG, 300, key.sign(set));
  CryptoBudget budget;
  std::size_t verified = 0;
  while (verifyRRset(set, signatures.rrset(set.owner, Type::RRSIG), keys, {}, now, budget).ok()) ++verified;
  CHECK(verified == CryptoBudget::maxTime / priceOfVerification(DnssecAlgorithm::ECDSAP384SHA384));
  CHECK(verifyRRset(set, signatures.rrset(set.owner, Type::RRSIG), keys, {}, now, budget).error() ==
        ValidationFault::budgetSpent);
  // Cheaper work still has what is left.
  const SigningKey cheap(zone, DnssecAlgorithm::RSASHA256, 0x0100, 1024);
  keys.add(cheap.view());
  Records others;
  others.add(set.owner, Type::RRSIG, 300, cheap.sign(set));
  CHECK(verifyRRset(set, others.rrset(set.owner, Type::RRSIG), keys, {}, now, budget).ok());
}

TEST_CASE("A key that has signed the keys of its zone is made ready once") {
  const SigningKey key(zone, DnssecAlgorithm::ECDSAP256SHA256);
  Apex apexKeys;
  apexKeys.addKey(key);
  apexKeys.addDs(dsOf(key));
  apexKeys.signBy(key);
  KeysVerdict verdict = apexKeys.authenticate();
  REQUIRE(verdict.keys.has_value());
  Records records("www.example. 300 A 192.0.2.1\n");
  const RRset set = records.rrset("www.example.", Type::A);
  records.add(Name("www.example."), Type::RRSIG, 300, key.sign(set));
  const auto costOfVerification = [&] {
    CryptoBudget budget;
    CHECK(verifyRRset(set, records.rrset("www.example.", Type::RRSIG), *verdict.keys, {}, now, budget).ok());
    return CryptoBudget::maxTime - budget.left();
  };
  CHECK(costOfVerification() == priceOfVerification(DnssecAlgorithm::ECDSAP256SHA256));
  verdict.keys->release();
  CHECK(costOfVerification() > priceOfVerification(DnssecAlgorithm::ECDSAP256SHA256));
}

TEST_CASE("A key of a zone is kept once") {
  const SigningKey key(zone);
  ZoneKeys keys(zone);
  keys.add(key.view());
  keys.add(key.view());
  CHECK(keys.size() == 1);
}

}  // namespace zone_keys_test
