// Keys that two parties share to sign messages with (RFC 8945), and the keys that a server knows.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "taut/dns/name.hpp"

namespace taut {

// The algorithms that are used (RFC 8945 section 6). HMAC-MD5 and GSS-TSIG are not: their keys are unknown ones.
enum class TsigAlgorithm : std::uint8_t { hmacSha1, hmacSha224, hmacSha256, hmacSha384, hmacSha512 };
inline constexpr std::array<std::string_view, 5> tsigAlgorithmNames{"hmac-sha1", "hmac-sha224", "hmac-sha256",
                                                                    "hmac-sha384", "hmac-sha512"};

inline constexpr std::size_t maxTsigMacSize = 64;  // octets, of HMAC-SHA512

// As it is written in messages: one label. The view is valid for ever.
NameView nameOf(TsigAlgorithm algorithm);
// Octets of the whole MAC: 20 to 64.
std::size_t macSizeOf(TsigAlgorithm algorithm);
// Nothing for an algorithm that is not used. Case is not significant.
std::optional<TsigAlgorithm> tsigAlgorithmOf(NameView name);

struct TsigKey {
  Name name;
  TsigAlgorithm algorithm = TsigAlgorithm::hmacSha256;
  std::vector<std::uint8_t> secret;  // not empty; the RFC advises as many octets as the MAC has
};

// A secret as configurations write it, in base64 (RFC 4648 section 4). Nothing for other text, and for an empty one.
std::optional<std::vector<std::uint8_t>> parseTsigSecret(std::string_view text);

// The keys of a server, which do not change. Several names, and one name with several algorithms, are there at the same
// time while both sides change from one key to the next.
class KeyRing {
 public:
  KeyRing() = default;
  // Throws std::invalid_argument for a key without a secret, and for two with the same name and algorithm.
  explicit KeyRing(std::vector<TsigKey> keys);

  bool empty() const { return keys_.empty(); }
  // Null where there is none. Valid as long as the ring.
  const TsigKey* find(NameView name, TsigAlgorithm algorithm) const;
  // In order of their names.
  const std::vector<TsigKey>& keys() const { return keys_; }

 private:
  std::vector<TsigKey> keys_;  // in order of name and algorithm
};

// Which key has signed a query, for `Query::key`; what verifies the query puts it on it.
struct SigningKey {
  std::shared_ptr<const KeyRing> keys;  // of which it is one
  const TsigKey* key = nullptr;         // null where the TSIG is not accepted
};

}  // namespace taut
