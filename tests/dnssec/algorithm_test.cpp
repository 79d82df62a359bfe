#include <doctest/doctest.h>

#include "taut/dnssec/algorithm.hpp"

namespace algorithm_test {

using namespace taut;

TEST_CASE("Six algorithms are validated, two more where SHA-1 is, and no others (RFC 9904, RFC 9905)") {
  const AlgorithmPolicy withSha1;
  const AlgorithmPolicy without{false};
  for (int number = 0; number < 256; ++number) {
    CAPTURE(number);
    const auto algorithm = static_cast<DnssecAlgorithm>(number);
    const bool isSha1 = number == 5 || number == 7;
    const bool isModern = number == 8 || number == 10 || (number >= 13 && number <= 16);
    CHECK(withSha1.validates(algorithm) == (isModern || isSha1));
    CHECK(without.validates(algorithm) == isModern);
    CHECK((priceOfVerification(algorithm).count() > 0) == (isModern || isSha1));
    CHECK((priceOfKey(algorithm).count() > 0) == (isModern || isSha1));
  }
}

TEST_CASE("Digests of SHA-256 and SHA-384 are validated, and those of SHA-1 where it is") {
  const AlgorithmPolicy withSha1;
  const AlgorithmPolicy without{false};
  for (int number = 0; number < 256; ++number) {
    CAPTURE(number);
    const auto type = static_cast<DigestType>(number);
    const bool isSha2 = number == 2 || number == 4;
    CHECK(withSha1.validates(type) == (isSha2 || number == 1));
    CHECK(without.validates(type) == isSha2);
  }
  CHECK(digestSizeOf(DigestType::SHA1) == 20);
  CHECK(digestSizeOf(DigestType::SHA256) == 32);
  CHECK(digestSizeOf(DigestType::SHA384) == 48);
  CHECK(digestSizeOf(static_cast<DigestType>(9)) == 0);
}

TEST_CASE("Algorithms have the names of the registry") {
  CHECK(nameOf(DnssecAlgorithm::ECDSAP256SHA256) == "ECDSAP256SHA256");
  CHECK(nameOf(DnssecAlgorithm::DSA_NSEC3_SHA1) == "DSA-NSEC3-SHA1");
  CHECK(nameOf(static_cast<DnssecAlgorithm>(200)).empty());
}

TEST_CASE("What is hashed is charged by its size") {
  CHECK(priceOfOctets(100).count() == 0);
  CHECK(priceOfOctets(65536).count() == 256);
}

}  // namespace algorithm_test
