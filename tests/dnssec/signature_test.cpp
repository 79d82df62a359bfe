#include "taut/dnssec/signature.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "dnssec/records.hpp"
#include "dnssec/signing_key.hpp"

namespace signature_test {

using namespace taut;
using test::Octets;
using test::Records;
using test::SignatureOptions;
using test::SigningKey;

namespace {

const Name zone("example.");

const SigningKey& key() {
  static const SigningKey made(zone);
  return made;
}

using Verified = Result<VerifiedSignature, ValidationFault>;

Verified verify(const RRset& set, const Octets& rdata, std::uint32_t now = SigningKey::now,
                const SigningKey& with = key()) {
  const auto signature = RrsigView::parse(rdata);
  REQUIRE(signature.has_value());
  auto ready = VerificationKey::make(with.view());
  REQUIRE(ready.ok());
  return verifySignature(set, *signature, zone, *ready, now);
}

std::optional<ValidationFault> faultOf(const Verified& verified) {
  return verified ? std::nullopt : std::optional(verified.error());
}

std::optional<ValidationFault> faultOf(const RRset& set, const SignatureOptions& options,
                                       std::uint32_t now = SigningKey::now) {
  return faultOf(verify(set, key().sign(set, options), now));
}

}  // namespace

TEST_CASE("Signatures of each algorithm verify, and not with one bit changed in the data or in themselves") {
  const Records records("www.example. 300 A 192.0.2.1\nwww.example. 300 A 192.0.2.2\n");
  const RRset set = records.rrset("www.example.", Type::A);
  const Records others("www.example. 300 A 192.0.2.1\nwww.example. 300 A 192.0.2.3\n");
  for (const DnssecAlgorithm algorithm :
       {DnssecAlgorithm::RSASHA1, DnssecAlgorithm::RSASHA1_NSEC3_SHA1, DnssecAlgorithm::RSASHA256,
        DnssecAlgorithm::RSASHA512, DnssecAlgorithm::ECDSAP256SHA256, DnssecAlgorithm::ECDSAP384SHA384,
        DnssecAlgorithm::ED25519, DnssecAlgorithm::ED448}) {
    CAPTURE(nameOf(algorithm));
    const SigningKey signer(zone, algorithm);
    Octets rdata = signer.sign(set);
    CHECK(verify(set, rdata, SigningKey::now, signer).ok());
    CHECK(faultOf(verify(others.rrset("www.example.", Type::A), rdata, SigningKey::now, signer)) ==
          ValidationFault::badSignature);
    rdata.back() ^= 1;
    CHECK(faultOf(verify(set, rdata, SigningKey::now, signer)) == ValidationFault::badSignature);
    rdata.pop_back();  // shorter
    CHECK(faultOf(verify(set, rdata, SigningKey::now, signer)) == ValidationFault::badSignature);
    rdata.insert(rdata.end(), {1, 2, 3});  // longer
    CHECK(faultOf(verify(set, rdata, SigningKey::now, signer)) == ValidationFault::badSignature);
  }
}

TEST_CASE("ECDSA signatures verify whatever their numbers begin with, as zeros and set first bits are rare") {
  const SigningKey signer(zone, DnssecAlgorithm::ECDSAP256SHA256);
  for (int i = 0; i < 300; ++i) {
    const Records records(fmt::format("www.example. 300 TXT {}\n", i));
    const RRset set = records.rrset("www.example.", Type::TXT);
    CAPTURE(i);
    CHECK(verify(set, signer.sign(set), SigningKey::now, signer).ok());
  }
}

TEST_CASE("ECDSA signatures of zeros alone, or as large as numbers of their size may be, are no signatures") {
  const Records records("www.example. 300 A 192.0.2.1\n");
  const RRset set = records.rrset("www.example.", Type::A);
  for (const DnssecAlgorithm algorithm : {DnssecAlgorithm::ECDSAP256SHA256, DnssecAlgorithm::ECDSAP384SHA384}) {
    const SigningKey signer(zone, algorithm);
    Octets rdata = signer.sign(set);
    const std::size_t size = algorithm == DnssecAlgorithm::ECDSAP256SHA256 ? 64 : 96;
    std::fill(rdata.end() - static_cast<std::ptrdiff_t>(size), rdata.end(), std::uint8_t{0});
    CHECK(faultOf(verify(set, rdata, SigningKey::now, signer)) == ValidationFault::badSignature);
    std::fill(rdata.end() - static_cast<std::ptrdiff_t>(size), rdata.end(), std::uint8_t{0xff});
    CHECK(faultOf(verify(set, rdata, SigningKey::now, signer)) == ValidationFault::badSignature);
  }
}

TEST_CASE("An RRset verifies in any order, in any case of its names, with a record twice and with another TTL") {
  const Records records("www.example. 300 MX 1 a.example.\nwww.example. 300 MX 2 B.example.\n");
  const Octets rdata = key().sign(records.rrset("www.example.", Type::MX));
  const Records same(
      "WWW.eXample. 60 MX 2 b.EXAMPLE.\nWWW.eXample. 60 MX 1 A.example.\nWWW.eXample. 60 MX 1 a.example.\n");
  const auto verified = verify(same.rrset("www.example.", Type::MX), rdata);
  REQUIRE(verified.ok());
  CHECK(verified->ttl == 60);
  CHECK_FALSE(verified->isExpanded);
}

TEST_CASE("Records of another owner or of another class are not those that were signed") {
  const Records records("www.example. 300 A 192.0.2.1\nwwx.example. 300 A 192.0.2.1\n");
  const RRset set = records.rrset("www.example.", Type::A);
  const Octets rdata = key().sign(set);
  CHECK(faultOf(verify(records.rrset("wwx.example.", Type::A), rdata)) == ValidationFault::badSignature);
  RRset chaos = set;
  chaos.rrClass = Class::CH;
  CHECK(faultOf(verify(chaos, rdata)) == ValidationFault::badSignature);
}

TEST_CASE("The next name of an NSEC keeps its case, the signer's name does not (RFC 6840 section 5.1)") {
  const Records records("a.example. 300 NSEC B.example. A\n");
  const RRset set = records.rrset("a.example.", Type::NSEC);
  SignatureOptions options;
  options.signer = Name("EXAMPLE.");
  CHECK(verify(set, key().sign(set, options)).ok());
  const Records lower("a.example. 300 NSEC b.example. A\n");
  CHECK(faultOf(verify(lower.rrset("a.example.", Type::NSEC), key().sign(set))) == ValidationFault::badSignature);
}

TEST_CASE("An RRset lives no longer than its TTL, the signed TTL and the signature (RFC 4035 section 5.3.3)") {
  const Records records("www.example. 300 A 192.0.2.1\n");
  const RRset set = records.rrset("www.example.", Type::A);
  SignatureOptions options;
  CHECK(verify(set, key().sign(set))->ttl == 300);
  options.originalTtl = 200;
  CHECK(verify(set, key().sign(set, options))->ttl == 200);
  options.expiration = SigningKey::now + 100;
  CHECK(verify(set, key().sign(set, options))->ttl == 100);
}

TEST_CASE("A signature is valid from its inception to its expiration, both included, also where the numbers go round") {
  const Records records("www.example. 300 A 192.0.2.1\n");
  const RRset set = records.rrset("www.example.", Type::A);
  for (const std::uint32_t inception : {1'000'000u, 0x7ffffff0u, 0xfffffff0u}) {
    CAPTURE(inception);
    SignatureOptions options;
    options.inception = inception;
    options.expiration = inception + 1000;
    CHECK(faultOf(set, options, inception - 1) == ValidationFault::notYetValid);
    CHECK(faultOf(set, options, inception) == std::nullopt);
    CHECK(faultOf(set, options, inception + 1000) == std::nullopt);
    CHECK(faultOf(set, options, inception + 1001) == ValidationFault::expired);
    CHECK(faultOf(set, options, inception + 0x80000000) != std::nullopt);
    options.expiration = inception - 1;
    CHECK(faultOf(set, options, inception) == ValidationFault::expiredBeforeValid);
  }
}

TEST_CASE("A signature that covers another type, or signatures, is none over the RRset") {
  const Records records("www.example. 300 A 192.0.2.1\n");
  const RRset set = records.rrset("www.example.", Type::A);
  SignatureOptions options;
  options.typeCovered = Type::AAAA;
  CHECK(faultOf(set, options) == ValidationFault::wrongType);
  Records signatures;
  signatures.add(Name("www.example."), Type::RRSIG, 300, key().sign(set));
  CHECK(faultOf(signatures.rrset("www.example.", Type::RRSIG), {}) == ValidationFault::wrongType);
}

TEST_CASE("Only a zone that holds the owner signs, and what is its parent's or its apex's nobody else") {
  const Records records(
      "example. 300 DS 1 13 9 00\nsub.example. 300 DS 1 13 9 00\nsub.example. 300 SOA a b 1 2 3 4 5\n"
      "other. 300 A 192.0.2.1\nsub.example. 300 CDS 1 13 9 00\nexample. 300 CDNSKEY 257 3 13 AAAA\n"
      "sub.example. 300 NSEC3PARAM 1 0 0 -\n. 300 DS 1 13 9 00\n");
  CHECK(faultOf(records.rrset("sub.example.", Type::DS), {}) == std::nullopt);
  CHECK(faultOf(records.rrset("example.", Type::CDNSKEY), {}) == std::nullopt);
  CHECK(faultOf(records.rrset("example.", Type::DS), {}) == ValidationFault::wrongSigner);
  CHECK(faultOf(records.rrset("sub.example.", Type::SOA), {}) == ValidationFault::wrongSigner);
  CHECK(faultOf(records.rrset("sub.example.", Type::CDS), {}) == ValidationFault::wrongSigner);
  CHECK(faultOf(records.rrset("sub.example.", Type::NSEC3PARAM), {}) == ValidationFault::wrongSigner);
  CHECK(faultOf(records.rrset("other.", Type::A), {}) == ValidationFault::wrongSigner);
  SignatureOptions options;
  options.signer = Name("sub.example.");
  const Records below("www.sub.example. 300 A 192.0.2.1\n");
  CHECK(faultOf(below.rrset("www.sub.example.", Type::A), options) == ValidationFault::wrongSigner);
}

TEST_CASE("A wildcard's RRset tells its closest encloser, one at the wildcard itself is not expanded") {
  const Records records(
      "*.w.example. 300 A 192.0.2.1\na.b.w.example. 300 A 192.0.2.1\n*.b.w.example. 300 A 192.0.2.1\n");
  const Octets rdata = key().sign(records.rrset("*.w.example.", Type::A));
  const RRset expanded = records.rrset("a.b.w.example.", Type::A);
  const auto verified = verify(expanded, rdata);
  REQUIRE(verified.ok());
  CHECK(verified->isExpanded);
  CHECK(verified->closestEncloser(expanded.owner) == Name("w.example."));
  const auto itself = verify(records.rrset("*.w.example.", Type::A), rdata);
  REQUIRE(itself.ok());
  CHECK_FALSE(itself->isExpanded);
  // An asterisk that another one stands for.
  const auto deeper = verify(records.rrset("*.b.w.example.", Type::A), rdata);
  REQUIRE(deeper.ok());
  CHECK(deeper->isExpanded);
}

TEST_CASE("A signature has no more labels than the owner, and no fewer than the signer") {
  const Name sub("sub.example.");
  const SigningKey signer(sub);
  auto ready = VerificationKey::make(signer.view());
  REQUIRE(ready.ok());
  const Records records("www.sub.example. 300 A 192.0.2.1\n");
  const RRset set = records.rrset("www.sub.example.", Type::A);
  const auto fault = [&](std::uint8_t labels) {
    SignatureOptions options;
    options.labels = labels;
    const Octets rdata = signer.sign(set, options);
    return faultOf(verifySignature(set, *RrsigView::parse(rdata), sub, *ready, SigningKey::now));
  };
  CHECK(fault(4) == ValidationFault::wrongLabels);
  CHECK(fault(255) == ValidationFault::wrongLabels);
  CHECK(fault(3) == std::nullopt);
  CHECK(fault(2) == std::nullopt);                  // *.sub.example.
  CHECK(fault(1) == ValidationFault::wrongLabels);  // *.example., of which the zone may say nothing
  CHECK(fault(0) == ValidationFault::wrongLabels);
}

TEST_CASE("The key is one of the signer, with its algorithm and tag, for zones, and not revoked") {
  const Records records("www.example. 300 A 192.0.2.1\n");
  const RRset set = records.rrset("www.example.", Type::A);
  const SigningKey other(zone);
  CHECK(faultOf(verify(set, key().sign(set), SigningKey::now, other)) == ValidationFault::noMatchingKey);
  const SigningKey notZoneKey(zone, DnssecAlgorithm::ED25519, 0);
  CHECK(faultOf(verify(set, notZoneKey.sign(set), SigningKey::now, notZoneKey)) == ValidationFault::notZoneKey);
  const SigningKey revoked(zone, DnssecAlgorithm::ED25519, 0x0181);
  CHECK(faultOf(verify(set, revoked.sign(set), SigningKey::now, revoked)) == ValidationFault::revokedKey);
  Records keys;
  keys.add(zone, Type::DNSKEY, 300, revoked.dnskey());
  const RRset dnskeys = keys.rrset("example.", Type::DNSKEY);
  CHECK(verify(dnskeys, revoked.sign(dnskeys), SigningKey::now, revoked).ok());
  Records below;
  below.add(Name("sub.example."), Type::DNSKEY, 300, revoked.dnskey());
  const RRset others = below.rrset("sub.example.", Type::DNSKEY);
  CHECK(faultOf(verify(others, revoked.sign(others), SigningKey::now, revoked)) == ValidationFault::revokedKey);
  auto ready = VerificationKey::make(key().view());
  const Octets rdata = key().sign(set);
  CHECK(faultOf(verifySignature(set, *RrsigView::parse(rdata), Name("ample."), *ready, SigningKey::now)) ==
        ValidationFault::wrongSigner);
}

TEST_CASE("RRsets of more records or octets than are verified cost no verification") {
  Records many;
  for (unsigned i = 0; i <= maxVerifiedRecords; ++i)
    many.add(Name("many.example."), Type::A, 300,
             Octets{10, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)});
  CHECK(faultOf(many.rrset("many.example.", Type::A), {}) == ValidationFault::tooManyRecords);
  Records large;
  large.add(Name("large.example."), static_cast<Type>(65280), 300, Octets(40000));
  CHECK(faultOf(large.rrset("large.example.", static_cast<Type>(65280)), {}) == std::nullopt);
  large.add(Name("large.example."), static_cast<Type>(65280), 300, Octets(40000, 1));
  CHECK(faultOf(large.rrset("large.example.", static_cast<Type>(65280)), {}) == ValidationFault::tooManyRecords);
}

TEST_CASE("RDATA of an RRSIG that is cut anywhere before its signature is none") {
  const Records records("www.example. 300 A 192.0.2.1\n");
  const Octets rdata = key().sign(records.rrset("www.example.", Type::A));
  const std::size_t beforeSignature = rdata.size() - 64;
  for (std::size_t size = 0; size <= beforeSignature; ++size)
    CHECK_FALSE(RrsigView::parse(ByteSpan(rdata).first(size)).has_value());
  CHECK(RrsigView::parse(ByteSpan(rdata).first(beforeSignature + 1)).has_value());
}

TEST_CASE("Each fault has words for people and a code for clients (RFC 8914)") {
  for (int i = 0; i <= static_cast<int>(ValidationFault::badSignature); ++i) {
    const auto fault = static_cast<ValidationFault>(i);
    CHECK_FALSE(describe(fault).empty());
    CHECK(extendedErrorOf(fault) != ExtendedErrorCode::other);
  }
  CHECK(extendedErrorOf(ValidationFault::expired) == ExtendedErrorCode::signatureExpired);
  CHECK(extendedErrorOf(ValidationFault::badSignature) == ExtendedErrorCode::dnssecBogus);
}

}  // namespace signature_test
