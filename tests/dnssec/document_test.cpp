// The example of docs/dnssec.md.
#include <cstdint>
#include <string>

#include <doctest/doctest.h>

#include "dnssec/records.hpp"
#include "dnssec/signing_key.hpp"
#include "taut/dnssec/denial_records.hpp"
#include "taut/dnssec/ds.hpp"
#include "taut/dnssec/zone_keys.hpp"

namespace document_test {

using namespace taut;
using test::Octets;
using test::Records;
using test::SignatureOptions;
using test::SigningKey;

namespace {

struct SignedAnswer {
  RRset keys;
  RRset keySignatures;
  RRset addresses;
  RRset addressSignatures;
  RRset denial;  // an NSEC or NSEC3 of the authority section
  RRset denialSignatures;
};

// What a question for addresses may be answered with, where the DS of the zone is trusted already: its parent has
// signed it, or it is a trust anchor.
KeysVerdict::Security judge(const SignedAnswer& answer, NameView zone, const RRset& ds, std::uint32_t now) {
  using Security = KeysVerdict::Security;
  CryptoBudget budget;
  KeysVerdict verdict = authenticateKeys(zone, answer.keys, answer.keySignatures, ds, {}, now, budget);
  if (verdict.security != Security::secure) return verdict.security;

  const auto verified = verifyRRset(answer.addresses, answer.addressSignatures, *verdict.keys, {}, now, budget);
  if (!verified) return Security::bogus;
  if (!verified->isExpanded) return Security::secure;

  // A wildcard has answered: the zone has to prove that no closer name is there.
  DenialRecords denial(zone);
  const auto denied = verifyRRset(answer.denial, answer.denialSignatures, *verdict.keys, {}, now, budget);
  if (denied) denial.add(answer.denial, *denied);
  switch (denial.wildcardAnswer(answer.addresses.owner, verified->labels, budget)) {
    case DenialProof::proven:
      return Security::secure;
    case DenialProof::optOut:
    case DenialProof::tooManyIterations:
      return Security::insecure;
    default:
      return Security::bogus;
  }
}

// Answers of a zone that has www and a wildcard, and says so by NSEC.
class Example {
 public:
  Example() {
    records_.add(zone_, Type::DNSKEY, 300, key_.dnskey());
    sign("example.", Type::DNSKEY, {});
    sign("www.example.", Type::A, {});
    SignatureOptions ofWildcard;
    ofWildcard.labels = std::uint8_t{1};
    sign("x.example.", Type::A, ofWildcard);
    sign("www.example.", Type::NSEC, {});
    const KeyDigest digest = *digestOf(zone_, key_.view(), DigestType::SHA256);
    Octets ds{static_cast<std::uint8_t>(key_.view().keyTag() >> 8), static_cast<std::uint8_t>(key_.view().keyTag()), 15,
              2};
    ds.insert(ds.end(), digest.octets().begin(), digest.octets().end());
    parent_.add(zone_, Type::DS, 300, ds);
  }

  SignedAnswer answer(const char* name) const {
    return {records_.rrset("example.", Type::DNSKEY),
            records_.rrset("example.", Type::RRSIG),
            records_.rrset(name, Type::A),
            records_.rrset(name, Type::RRSIG),
            records_.rrset("www.example.", Type::NSEC),
            records_.rrset("www.example.", Type::RRSIG)};
  }

  KeysVerdict::Security judged(const SignedAnswer& answer) const {
    return judge(answer, zone_, parent_.rrset("example.", Type::DS), SigningKey::now);
  }

 private:
  void sign(const char* owner, Type type, const SignatureOptions& options) {
    records_.add(Name(owner), Type::RRSIG, 300, key_.sign(records_.rrset(owner, type), options));
  }

  Name zone_{"example."};
  SigningKey key_{zone_};
  Records records_{
      "www.example. 300 A 192.0.2.1\nx.example. 300 A 192.0.2.2\n"
      "www.example. 300 NSEC example. A RRSIG NSEC\n"};
  Records parent_;
};

}  // namespace

TEST_CASE("The example of the document tells secure answers from bogus ones") {
  using Security = KeysVerdict::Security;
  const Example example;
  CHECK(example.judged(example.answer("www.example.")) == Security::secure);
  CHECK(example.judged(example.answer("x.example.")) == Security::secure);
  SignedAnswer withoutDenial = example.answer("x.example.");
  withoutDenial.denial = {};
  CHECK(example.judged(withoutDenial) == Security::bogus);
  SignedAnswer otherAddresses = example.answer("www.example.");
  otherAddresses.addresses.rdata = example.answer("x.example.").addresses.rdata;
  CHECK(example.judged(otherAddresses) == Security::bogus);
  SignedAnswer withoutKeys = example.answer("www.example.");
  withoutKeys.keys = {};
  CHECK(example.judged(withoutKeys) == Security::bogus);
}

}  // namespace document_test
