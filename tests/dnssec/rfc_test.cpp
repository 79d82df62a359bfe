// The examples of the RFCs, as their authors signed them.
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "dnssec/records.hpp"
#include "dnssec/rfc_vectors.hpp"
#include "taut/dnssec/denial_records.hpp"
#include "taut/dnssec/ds.hpp"
#include "taut/dnssec/zone_keys.hpp"

namespace rfc_test {

using namespace taut;
using test::Records;

namespace {

constexpr std::uint32_t in2004 = 1083412800;  // 2004-05-01 12:00:00, as the other times
constexpr std::uint32_t in2006 = 1146484800;
constexpr std::uint32_t in2010 = 1283299200;
constexpr std::uint32_t in2015 = 1438430400;

// Records of one zone, and its keys taken as they are.
class SignedRecords {
 public:
  SignedRecords(std::string_view text, const char* zone, std::uint32_t now)
      : records_(text), zone_(zone), keys_(zone_, records_.rrset(zone, Type::DNSKEY)), now_(now) {}

  NameView zone() const { return zone_; }
  const Records& records() const { return records_; }

  Result<VerifiedSignature, ValidationFault> verify(const RRset& set) {
    CryptoBudget each;
    return verifyRRset(set, records_.rrset(set.owner, Type::RRSIG), keys_, {}, now_, each);
  }

  // Verified NSEC or NSEC3 RRsets.
  DenialRecords denial(Type type, const std::vector<const char*>& owners) {
    DenialRecords denial(zone_);
    for (const char* const owner : owners) {
      const RRset set = records_.rrset(owner, type);
      const auto signature = verify(set);
      REQUIRE(signature.ok());
      REQUIRE(denial.add(set, *signature));
    }
    return denial;
  }

  CryptoBudget budget;

 private:
  Records records_;
  Name zone_;
  ZoneKeys keys_;
  std::uint32_t now_;
};

// How many RRsets that have a signature verify; all have to.
std::size_t countVerified(SignedRecords& signedRecords) {
  std::size_t count = 0;
  for (const RRset& set : signedRecords.records().rrsets()) {
    if (set.type == Type::RRSIG || set.type == Type::DNSKEY) continue;
    CAPTURE(set.owner.toString());
    CAPTURE(toString(set.type));
    const auto signature = signedRecords.verify(set);
    if (!signature) CAPTURE(describe(signature.error()));
    CHECK(signature.ok());
    count += signature.ok();
  }
  return count;
}

bool verifiesWithEach(std::string_view text, const char* zone, const char* owner, Type type, std::uint32_t now) {
  const Records records(text);
  const RRset set = records.rrset(owner, type);
  std::size_t verified = 0;
  for (const ByteSpan rdata : records.rrset(owner, Type::RRSIG)) {
    const auto signature = RrsigView::parse(rdata);
    for (const ByteSpan key : records.rrset(zone, Type::DNSKEY)) {
      auto made = VerificationKey::make(*DnskeyView::parse(key));
      REQUIRE(made.ok());
      verified += verifySignature(set, *signature, Name(zone), *made, now).ok();
    }
  }
  return verified == records.rrset(zone, Type::DNSKEY).count;
}

std::size_t countMatchingDs(std::string_view text, const char* zone) {
  const Records records(text);
  std::size_t matching = 0;
  for (const ByteSpan ds : records.rrset(zone, Type::DS))
    for (const ByteSpan key : records.rrset(zone, Type::DNSKEY))
      matching += matchesDigest(Name(zone), *DnskeyView::parse(key), *DsView::parse(ds));
  return matching;
}

}  // namespace

TEST_CASE("Each signed RRset of RFC 4035 appendix B verifies with the key of the zone") {
  SignedRecords zone(test::rfc4035, "example.", in2004);
  CHECK(countVerified(zone) == 14);
}

TEST_CASE("RFC 4035 appendix B.2: a name error is proven by both records and by neither alone") {
  SignedRecords zone(test::rfc4035, "example.", in2004);
  const Name name("ml.example.");
  CHECK(zone.denial(Type::NSEC, {"b.example.", "example."}).nameError(name, zone.budget) == DenialProof::proven);
  CHECK(zone.denial(Type::NSEC, {"b.example."}).nameError(name, zone.budget) == DenialProof::missing);
  CHECK(zone.denial(Type::NSEC, {"example."}).nameError(name, zone.budget) == DenialProof::missing);
}

TEST_CASE("RFC 4035 appendix B.3: no data is proven for the types that the name does not have") {
  SignedRecords zone(test::rfc4035, "example.", in2004);
  const DenialRecords denial = zone.denial(Type::NSEC, {"ns1.example."});
  CHECK(denial.noData(Name("ns1.example."), Type::MX, zone.budget) == DenialProof::proven);
  CHECK(denial.noData(Name("ns1.example."), Type::A, zone.budget) == DenialProof::missing);
  CHECK(denial.noData(Name("ns2.example."), Type::MX, zone.budget) == DenialProof::missing);
}

TEST_CASE("RFC 4035 appendix B.5: a delegation without DS is insecure") {
  SignedRecords zone(test::rfc4035, "example.", in2004);
  const DenialRecords denial = zone.denial(Type::NSEC, {"b.example."});
  CHECK(denial.delegation(Name("b.example."), zone.budget) == DelegationProof::insecure);
  CHECK(denial.delegation(Name("mc.b.example."), zone.budget) == DelegationProof::missing);
  // Names below the cut are the child's: the parent's record denies none of them.
  CHECK(denial.nameError(Name("mc.b.example."), zone.budget) == DenialProof::missing);
  CHECK(denial.noData(Name("b.example."), Type::A, zone.budget) == DenialProof::missing);
}

TEST_CASE("RFC 4035 appendix B.6: an answer of a wildcard tells where it lies, and that no closer name is there") {
  SignedRecords zone(test::rfc4035, "example.", in2004);
  const RRset set = zone.records().rrset("a.z.w.example.", Type::MX);
  const auto signature = zone.verify(set);
  REQUIRE(signature.ok());
  CHECK(signature->isExpanded);
  CHECK(signature->closestEncloser(set.owner) == Name("w.example."));
  const DenialRecords denial = zone.denial(Type::NSEC, {"x.y.w.example."});
  CHECK(denial.wildcardAnswer(set.owner, signature->labels, zone.budget) == DenialProof::proven);
  CHECK(denial.wildcardAnswer(Name("a.y.w.example."), 2, zone.budget) == DenialProof::missing);
}

TEST_CASE("RFC 4035 appendix B.7: no data at a wildcard is proven by its record and the lack of a closer name") {
  SignedRecords zone(test::rfc4035, "example.", in2004);
  const Name name("a.z.w.example.");
  CHECK(zone.denial(Type::NSEC, {"x.y.w.example.", "*.w.example."}).noData(name, Type::AAAA, zone.budget) ==
        DenialProof::proven);
  CHECK(zone.denial(Type::NSEC, {"x.y.w.example."}).noData(name, Type::AAAA, zone.budget) == DenialProof::missing);
  CHECK(zone.denial(Type::NSEC, {"*.w.example."}).noData(name, Type::AAAA, zone.budget) == DenialProof::missing);
  CHECK(zone.denial(Type::NSEC, {"x.y.w.example.", "*.w.example."}).noData(name, Type::MX, zone.budget) ==
        DenialProof::missing);
}

TEST_CASE("RFC 4035 appendix B.8: the child's record does not prove that its parent has no DS") {
  SignedRecords zone(test::rfc4035, "example.", in2004);
  const DenialRecords denial = zone.denial(Type::NSEC, {"example."});
  CHECK(denial.noData(Name("example."), Type::DS, zone.budget) == DenialProof::missing);
  CHECK(denial.delegation(Name("example."), zone.budget) == DelegationProof::missing);
  CHECK(denial.noData(Name("example."), Type::A, zone.budget) == DenialProof::proven);
}

TEST_CASE("Each signed RRset of RFC 5155 appendix B verifies with the keys of the zone") {
  SignedRecords zone(test::rfc5155, "example.", in2006);
  CHECK(countVerified(zone) == 13);
}

TEST_CASE("RFC 5155 appendix B: the DNSKEY RRset is signed by the key that a DS vouches for") {
  const Records records(test::rfc5155);
  const Name zone("example.");
  const RRset keys = records.rrset("example.", Type::DNSKEY);
  Records anchors;
  for (const ByteSpan rdata : keys) {
    const DnskeyView key = *DnskeyView::parse(rdata);
    if (!key.isSecureEntryPoint()) continue;
    CHECK(key.keyTag() == 12708);
    std::vector<std::uint8_t> ds{12708 >> 8, 12708 & 255, 7, 2};
    const KeyDigest digest = *digestOf(zone, key, DigestType::SHA256);
    ds.insert(ds.end(), digest.octets().begin(), digest.octets().end());
    anchors.add(zone, Type::DS, 3600, ds);
  }
  CryptoBudget budget;
  const KeysVerdict verdict = authenticateKeys(zone, keys, records.rrset("example.", Type::RRSIG),
                                               anchors.rrset("example.", Type::DS), {}, in2006, budget);
  CHECK(verdict.security == KeysVerdict::Security::secure);
  REQUIRE(verdict.keys.has_value());
  CHECK(verdict.keys->size() == 2);
}

TEST_CASE("RFC 5155 appendix B.1: three records prove a name error, in a span with opt-out an insecure one") {
  SignedRecords zone(test::rfc5155, "example.", in2006);
  const Name name("a.c.x.w.example.");
  const char* const nextCloser = "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.";
  const char* const encloser = "b4um86eghhds6nea196smvmlo4ors995.example.";
  const char* const wildcard = "35mthgpgcu1qg68fab165klnsnk3dpvl.example.";
  const auto proof = [&](const std::vector<const char*>& owners) {
    return zone.denial(Type::NSEC3, owners).nameError(name, zone.budget);
  };
  CHECK(proof({nextCloser, encloser, wildcard}) == DenialProof::optOut);
  CHECK(proof({nextCloser, encloser}) == DenialProof::missing);
  CHECK(proof({nextCloser, wildcard}) == DenialProof::missing);
  CHECK(proof({encloser, wildcard}) == DenialProof::missing);
}

TEST_CASE("RFC 5155 appendix B.2: no data is proven by the record of the name, and of an empty non-terminal") {
  SignedRecords zone(test::rfc5155, "example.", in2006);
  const DenialRecords denial = zone.denial(
      Type::NSEC3, {"2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.", "ji6neoaepv8b5o6k4ev33abha8ht9fgc.example."});
  CHECK(denial.noData(Name("ns1.example."), Type::MX, zone.budget) == DenialProof::proven);
  CHECK(denial.noData(Name("ns1.example."), Type::A, zone.budget) == DenialProof::missing);
  CHECK(denial.noData(Name("y.w.example."), Type::A, zone.budget) == DenialProof::proven);
}

TEST_CASE("RFC 5155 appendix B.3: a delegation in a span with opt-out is insecure") {
  SignedRecords zone(test::rfc5155, "example.", in2006);
  const char* const nextCloser = "35mthgpgcu1qg68fab165klnsnk3dpvl.example.";
  const char* const encloser = "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.";
  const DenialRecords denial = zone.denial(Type::NSEC3, {nextCloser, encloser});
  CHECK(denial.delegation(Name("c.example."), zone.budget) == DelegationProof::optOut);
  CHECK(denial.noData(Name("c.example."), Type::DS, zone.budget) == DenialProof::optOut);
  CHECK(zone.denial(Type::NSEC3, {encloser}).delegation(Name("c.example."), zone.budget) == DelegationProof::missing);
  // This delegation has a DS.
  CHECK(denial.delegation(Name("a.example."), zone.budget) == DelegationProof::missing);
}

TEST_CASE("RFC 5155 appendix B.4: a wildcard's answer needs the denial of the next closer name alone") {
  SignedRecords zone(test::rfc5155, "example.", in2006);
  const RRset set = zone.records().rrset("a.z.w.example.", Type::MX);
  const auto signature = zone.verify(set);
  REQUIRE(signature.ok());
  CHECK(signature->labels == 2);
  const DenialRecords denial = zone.denial(Type::NSEC3, {"q04jkcevqvmu85r014c7dkba38o0ji5r.example."});
  CHECK(denial.wildcardAnswer(set.owner, signature->labels, zone.budget) == DenialProof::optOut);
  CHECK(zone.denial(Type::NSEC3, {"k8udemvp1j2f7eg6jebps17vp3n8i58h.example."})
            .wildcardAnswer(set.owner, signature->labels, zone.budget) == DenialProof::missing);
}

TEST_CASE("RFC 5155 appendix B.5: no data at a wildcard takes three records") {
  SignedRecords zone(test::rfc5155, "example.", in2006);
  const Name name("a.z.w.example.");
  const char* const encloser = "k8udemvp1j2f7eg6jebps17vp3n8i58h.example.";
  const char* const nextCloser = "q04jkcevqvmu85r014c7dkba38o0ji5r.example.";
  const char* const wildcard = "r53bq7cc2uvmubfu5ocmm6pers9tk9en.example.";
  const auto proof = [&](Type type, const std::vector<const char*>& owners) {
    return zone.denial(Type::NSEC3, owners).noData(name, type, zone.budget);
  };
  CHECK(proof(Type::AAAA, {encloser, nextCloser, wildcard}) == DenialProof::optOut);
  CHECK(proof(Type::MX, {encloser, nextCloser, wildcard}) == DenialProof::missing);
  CHECK(proof(Type::AAAA, {encloser, wildcard}) == DenialProof::missing);
  CHECK(proof(Type::AAAA, {nextCloser, wildcard}) == DenialProof::missing);
}

TEST_CASE("The examples of RFC 5702, RFC 6605 and RFC 8080 verify, each with its own key") {
  CHECK(verifiesWithEach(test::rfc5702, "example.net.", "www.example.net.", Type::A, in2010));
  CHECK(verifiesWithEach(test::rfc6605, "example.net.", "www.example.net.", Type::A, in2010));
  CHECK(verifiesWithEach(test::rfc8080, "example.com.", "example.com.", Type::MX, in2015));
}

TEST_CASE("The DS records of RFC 6605 and RFC 8080 are those of their keys") {
  CHECK(countMatchingDs(test::rfc6605, "example.net.") == 2);
  CHECK(countMatchingDs(test::rfc8080, "example.com.") == 3);
}

}  // namespace rfc_test
