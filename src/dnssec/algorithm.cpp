#include "taut/dnssec/algorithm.hpp"

#include <array>

namespace taut {

namespace {

using std::chrono::microseconds;

struct Row {
  DnssecAlgorithm algorithm;
  std::string_view name;
  bool isValidated;
  bool usesSha1;
  microseconds key;
  microseconds verification;
};

// The prices are what `openssl speed` of OpenSSL 3.0 said of a core that others used too, rounded up, and for keys of
// curves what VerificationKey takes to make them.
constexpr std::array rows{
    Row{DnssecAlgorithm::RSAMD5, "RSAMD5", false, false, {}, {}},
    Row{DnssecAlgorithm::DSA, "DSA", false, true, {}, {}},
    Row{DnssecAlgorithm::RSASHA1, "RSASHA1", true, true, microseconds(10), microseconds(35)},
    Row{DnssecAlgorithm::DSA_NSEC3_SHA1, "DSA-NSEC3-SHA1", false, true, {}, {}},
    Row{DnssecAlgorithm::RSASHA1_NSEC3_SHA1, "RSASHA1-NSEC3-SHA1", true, true, microseconds(10), microseconds(35)},
    Row{DnssecAlgorithm::RSASHA256, "RSASHA256", true, false, microseconds(10), microseconds(35)},
    Row{DnssecAlgorithm::RSASHA512, "RSASHA512", true, false, microseconds(10), microseconds(35)},
    Row{DnssecAlgorithm::ECC_GOST, "ECC-GOST", false, false, {}, {}},
    Row{DnssecAlgorithm::ECDSAP256SHA256, "ECDSAP256SHA256", true, false, microseconds(10), microseconds(90)},
    Row{DnssecAlgorithm::ECDSAP384SHA384, "ECDSAP384SHA384", true, false, microseconds(15), microseconds(1400)},
    Row{DnssecAlgorithm::ED25519, "ED25519", true, false, microseconds(5), microseconds(150)},
    Row{DnssecAlgorithm::ED448, "ED448", true, false, microseconds(5), microseconds(360)},
};

const Row* find(DnssecAlgorithm algorithm) {
  for (const Row& row : rows)
    if (row.algorithm == algorithm) return &row;
  return nullptr;
}

}  // namespace

bool AlgorithmPolicy::validates(DnssecAlgorithm algorithm) const {
  const Row* const row = find(algorithm);
  return row != nullptr && row->isValidated && (validateSha1 || !row->usesSha1);
}

bool AlgorithmPolicy::validates(DigestType type) const {
  switch (type) {
    case DigestType::SHA1:
      return validateSha1;
    case DigestType::SHA256:
    case DigestType::SHA384:
      return true;
    default:
      return false;
  }
}

std::string_view nameOf(DnssecAlgorithm algorithm) {
  const Row* const row = find(algorithm);
  return row != nullptr ? row->name : std::string_view();
}

std::size_t digestSizeOf(DigestType type) {
  switch (type) {
    case DigestType::SHA1:
      return 20;
    case DigestType::SHA256:
    case DigestType::GOST:
      return 32;
    case DigestType::SHA384:
      return 48;
  }
  return 0;
}

microseconds priceOfKey(DnssecAlgorithm algorithm) {
  const Row* const row = find(algorithm);
  return row != nullptr ? row->key : microseconds(0);
}

microseconds priceOfVerification(DnssecAlgorithm algorithm) {
  const Row* const row = find(algorithm);
  return row != nullptr ? row->verification : microseconds(0);
}

microseconds priceOfOctets(std::size_t count) {
  constexpr std::size_t octetsInAMicrosecond = 256;
  return microseconds(count / octetsInAMicrosecond);
}

}  // namespace taut
