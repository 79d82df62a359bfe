#include "taut/dnssec/verification_key.hpp"

#include <optional>
#include <vector>

#include <doctest/doctest.h>

#include "dnssec/signing_key.hpp"
#include "taut/dnssec/ds.hpp"

namespace verification_key_test {

using namespace taut;
using test::Octets;
using test::SigningKey;

namespace {

const Name zone("example.");

std::optional<ValidationFault> faultOf(const Octets& rdata) {
  const auto view = DnskeyView::parse(rdata);
  REQUIRE(view.has_value());
  const auto made = VerificationKey::make(*view);
  return made ? std::nullopt : std::optional(made.error());
}

Octets keyOf(DnssecAlgorithm algorithm, const Octets& octets) {
  Octets rdata{1, 0, 3, static_cast<std::uint8_t>(algorithm)};
  rdata.insert(rdata.end(), octets.begin(), octets.end());
  return rdata;
}

Octets rsaOf(const Octets& exponent, const Octets& modulus, bool hasLongSize = false) {
  Octets octets;
  if (hasLongSize) octets = {0, 0};
  octets.push_back(static_cast<std::uint8_t>(exponent.size()));
  octets.insert(octets.end(), exponent.begin(), exponent.end());
  octets.insert(octets.end(), modulus.begin(), modulus.end());
  if (hasLongSize) octets[1] = static_cast<std::uint8_t>(exponent.size() >> 8);
  return keyOf(DnssecAlgorithm::RSASHA256, octets);
}

// Any odd number of so many bits: whether it has two factors is not looked at.
Octets oddOf(std::size_t bits) {
  Octets octets((bits + 7) / 8, 0x5b);
  octets.front() = static_cast<std::uint8_t>(1u << ((bits - 1) % 8));
  octets.back() = 0x0b;
  return octets;
}

}  // namespace

TEST_CASE("RSA keys have a modulus of 512 to 4096 bits and an exponent of at most 35") {
  const Octets usual{1, 0, 1};
  CHECK(faultOf(rsaOf(usual, oddOf(511))) == ValidationFault::malformedKey);
  CHECK(faultOf(rsaOf(usual, oddOf(512))) == std::nullopt);
  CHECK(faultOf(rsaOf(usual, oddOf(4096))) == std::nullopt);
  CHECK(faultOf(rsaOf(usual, oddOf(4097))) == ValidationFault::costlyKey);
  CHECK(faultOf(rsaOf(Octets{0xff, 0xff, 0xff, 0xff}, oddOf(2048))) == std::nullopt);
  CHECK(faultOf(rsaOf(Octets{1, 0, 0, 0, 1}, oddOf(2048))) == std::nullopt);
  CHECK(faultOf(rsaOf(Octets{7, 0xff, 0xff, 0xff, 0xff}, oddOf(2048))) == std::nullopt);
  CHECK(faultOf(rsaOf(Octets{8, 0, 0, 0, 1}, oddOf(2048))) == ValidationFault::costlyKey);
  CHECK(faultOf(rsaOf(Octets(300, 0x55), oddOf(2048), true)) == ValidationFault::costlyKey);
}

TEST_CASE("Numbers of RSA with zeros before them are the same numbers, and the size of an exponent has two forms") {
  CHECK(faultOf(rsaOf(Octets{0, 0, 0, 0, 0, 1, 0, 1}, oddOf(1024))) == std::nullopt);
  CHECK(faultOf(rsaOf(Octets{1, 0, 1}, oddOf(1024), true)) == std::nullopt);
}

TEST_CASE("RSA keys that everybody could sign with, or that nobody could, are malformed") {
  const Octets modulus = oddOf(1024);
  CHECK(faultOf(rsaOf(Octets{1}, modulus)) == ValidationFault::malformedKey);
  CHECK(faultOf(rsaOf(Octets{0}, modulus)) == ValidationFault::malformedKey);
  CHECK(faultOf(rsaOf(Octets{1, 0, 0}, modulus)) == ValidationFault::malformedKey);
  CHECK(faultOf(rsaOf(Octets{}, modulus, true)) == ValidationFault::malformedKey);
  Octets even = modulus;
  even.back() = 0;
  CHECK(faultOf(rsaOf(Octets{1, 0, 1}, even)) == ValidationFault::malformedKey);
  CHECK(faultOf(rsaOf(Octets{1, 0, 1}, {})) == ValidationFault::malformedKey);
  CHECK(faultOf(keyOf(DnssecAlgorithm::RSASHA512, {200, 1, 2, 3})) == ValidationFault::malformedKey);
  CHECK(faultOf(keyOf(DnssecAlgorithm::RSASHA512, {0})) == ValidationFault::malformedKey);
}

TEST_CASE("Keys of elliptic curves have one size, and lie on their curve") {
  for (const DnssecAlgorithm algorithm : {DnssecAlgorithm::ECDSAP256SHA256, DnssecAlgorithm::ECDSAP384SHA384,
                                          DnssecAlgorithm::ED25519, DnssecAlgorithm::ED448}) {
    CAPTURE(nameOf(algorithm));
    Octets rdata = SigningKey(zone, algorithm).dnskey();
    CHECK(faultOf(rdata) == std::nullopt);
    Octets shorter = rdata;
    shorter.pop_back();
    CHECK(faultOf(shorter) == ValidationFault::malformedKey);
    Octets longer = rdata;
    longer.push_back(0);
    CHECK(faultOf(longer) == ValidationFault::malformedKey);
  }
  CHECK(faultOf(keyOf(DnssecAlgorithm::ECDSAP256SHA256, Octets(64, 1))) == ValidationFault::malformedKey);
  CHECK(faultOf(keyOf(DnssecAlgorithm::ECDSAP256SHA256, Octets(64, 0))) == ValidationFault::malformedKey);
  CHECK(faultOf(keyOf(DnssecAlgorithm::ECDSAP384SHA384, Octets(96, 0xff))) == ValidationFault::malformedKey);
}

TEST_CASE("A key verifies again and again, after signatures that are wrong too") {
  const Octets data{1, 2, 3};
  const Octets otherData{1, 2, 4};
  for (const DnssecAlgorithm algorithm :
       {DnssecAlgorithm::RSASHA1, DnssecAlgorithm::RSASHA256, DnssecAlgorithm::RSASHA512,
        DnssecAlgorithm::ECDSAP256SHA256, DnssecAlgorithm::ECDSAP384SHA384, DnssecAlgorithm::ED25519,
        DnssecAlgorithm::ED448}) {
    CAPTURE(nameOf(algorithm));
    const SigningKey signer(zone, algorithm);
    const SigningKey other(zone, algorithm);
    auto key = VerificationKey::make(signer.view());
    auto otherKey = VerificationKey::make(other.view());
    REQUIRE(key.ok());
    REQUIRE(otherKey.ok());
    const Octets signature = signer.signatureOver(data);
    for (int i = 0; i < 3; ++i) {
      CHECK(key->verify(data, signature));
      CHECK_FALSE(key->verify(otherData, signature));
      CHECK_FALSE(key->verify(data, Octets(signature.size(), 0xff)));
      CHECK_FALSE(key->verify(data, Octets{}));
      CHECK_FALSE(otherKey->verify(data, signature));
    }
    CHECK(key->verify(data, signature));
  }
}

TEST_CASE("No key is made of an algorithm that is not validated") {
  for (const int number : {0, 1, 3, 6, 12, 17, 23, 253, 255})
    CHECK(faultOf(keyOf(static_cast<DnssecAlgorithm>(number), Octets(64, 1))) == ValidationFault::unsupportedAlgorithm);
}

TEST_CASE("A verification by RSA is priced by the sizes of its numbers") {
  const auto price = [](const Octets& rdata) {
    return VerificationKey::make(*DnskeyView::parse(rdata))->price().count();
  };
  const Octets usual{1, 0, 1};
  const auto small = price(rsaOf(usual, oddOf(1024)));
  const auto medium = price(rsaOf(usual, oddOf(2048)));
  const auto large = price(rsaOf(usual, oddOf(4096)));
  CHECK(small < medium);
  CHECK(medium * 3 < large);
  CHECK(price(rsaOf(Octets{0xff, 0xff, 0xff, 0xff}, oddOf(2048))) > medium * 3);
  CHECK(price(SigningKey(zone, DnssecAlgorithm::ECDSAP384SHA384).dnskey()) > 10 * medium);
}

TEST_CASE("DNSKEY RDATA has flags, and a tag by RFC 4034 appendix B") {
  const Octets rdata{1, 0x81, 3, 15, 1};
  const DnskeyView key = *DnskeyView::parse(rdata);
  CHECK(key.isZoneKey());
  CHECK(key.isSecureEntryPoint());
  CHECK(key.isRevoked());
  CHECK(key.keyTag() == 0x0181 + 0x030f + 0x0100);
  CHECK_FALSE(DnskeyView::parse(Octets{0, 0x80, 3, 15, 1})->isZoneKey());
  CHECK_FALSE(DnskeyView::parse(Octets{1, 0, 2, 15, 1})->isZoneKey());
  CHECK_FALSE(DnskeyView::parse(Octets{1, 0, 3, 15}).has_value());
  // The oldest algorithm's is of the modulus; the sum of the others carries into itself.
  CHECK(DnskeyView::parse(Octets{1, 0, 3, 1, 1, 3, 9, 8, 7, 6})->keyTag() == 0x0807);
  CHECK(DnskeyView::parse(Octets{1, 0, 3, 1, 1})->keyTag() == 0);
  CHECK(DnskeyView::parse(Octets{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 3})->keyTag() == 3);
}

TEST_CASE("A DS is that of one key of one owner, by algorithm, tag and whole digest") {
  const SigningKey key(zone);
  for (const DigestType type : {DigestType::SHA1, DigestType::SHA256, DigestType::SHA384}) {
    const KeyDigest digest = *digestOf(zone, key.view(), type);
    CHECK(digest.octets().size() == digestSizeOf(type));
    Octets rdata(4);
    storeU16(rdata.data(), key.view().keyTag());
    rdata[2] = 15;
    rdata[3] = static_cast<std::uint8_t>(type);
    rdata.insert(rdata.end(), digest.octets().begin(), digest.octets().end());
    const auto matches = [&](NameView owner, const Octets& ds) {
      return matchesDigest(owner, key.view(), *DsView::parse(ds));
    };
    CHECK(matches(zone, rdata));
    CHECK(matches(Name("EXAMPLE."), rdata));
    CHECK_FALSE(matches(Name("sample."), rdata));
    Octets cut = rdata;
    cut.pop_back();
    CHECK_FALSE(matches(zone, cut));
    for (const std::size_t at : {std::size_t{1}, std::size_t{2}, std::size_t{3}, rdata.size() - 1}) {
      Octets changed = rdata;
      changed[at] ^= 1;
      CHECK_FALSE(matches(zone, changed));
    }
  }
  CHECK_FALSE(digestOf(zone, key.view(), DigestType::GOST).has_value());
  CHECK_FALSE(DsView::parse(Octets{1, 2, 3, 4}).has_value());
}

}  // namespace verification_key_test
