// The algorithms of DNSSEC (the IANA registry, RFC 9904): which ones are validated, and what one verification costs.
//
// A zone whose DS records all have an algorithm or a digest that is not validated is insecure, as if it were not signed
// (RFC 4035 section 5.2).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace taut {

enum class DnssecAlgorithm : std::uint8_t {
  RSAMD5 = 1,
  DSA = 3,
  RSASHA1 = 5,
  DSA_NSEC3_SHA1 = 6,
  RSASHA1_NSEC3_SHA1 = 7,
  RSASHA256 = 8,
  RSASHA512 = 10,
  ECC_GOST = 12,
  ECDSAP256SHA256 = 13,
  ECDSAP384SHA384 = 14,
  ED25519 = 15,
  ED448 = 16,
};

// Of DS records (RFC 4034 section 5.1.3).
enum class DigestType : std::uint8_t { SHA1 = 1, SHA256 = 2, GOST = 3, SHA384 = 4 };

// What is validated is a choice only where it is SHA-1's: RFC 9905 asks to give it up, and zones still use it.
struct AlgorithmPolicy {
  bool validateSha1 = true;  // algorithms 5 and 7, and DS digests of type 1

  bool validates(DnssecAlgorithm algorithm) const;
  bool validates(DigestType type) const;
};

// As the registry writes it; empty for a number that it does not have.
std::string_view nameOf(DnssecAlgorithm algorithm);

// Octets of a digest; 0 for a type that is not known.
std::size_t digestSizeOf(DigestType type);

// What it takes to make a key of this algorithm ready, and to verify one signature over few octets, the RSA key being
// one of 2048 bits with the exponent 65537. 0 for algorithms that are never validated.
std::chrono::microseconds priceOfKey(DnssecAlgorithm algorithm);
std::chrono::microseconds priceOfVerification(DnssecAlgorithm algorithm);

// What it takes to hash so many octets, and to put them into canonical form before.
std::chrono::microseconds priceOfOctets(std::size_t count);

}  // namespace taut
