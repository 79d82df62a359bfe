// A hash of names and addresses for tables that others fill. An attacker who does not know the secret cannot choose
// any that collide.
#pragma once

#include <cstdint>
#include <cstring>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/random.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/question.hpp"

namespace taut::detail {

struct HashSecret {
  std::uint64_t first = randomU64();
  std::uint64_t second = randomU64() | 1;
};

// Multiplies two words that both depend on the secret and folds the product.
inline std::uint64_t foldedProduct(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// `more` is the rest of the key. The case of the name does not matter.
inline std::uint64_t secretHash(const HashSecret& secret, NameView name, std::uint64_t more) {
  std::uint64_t hash = foldedProduct(more ^ secret.second, secret.first ^ name.size());
  const std::uint8_t* at = name.data();
  std::size_t left = name.size();
  while (left > 0) {
    std::uint64_t word = 0;
    const std::size_t taken = left < 8 ? left : 8;
    std::memcpy(&word, at, taken);
    hash = foldedProduct(foldCase8(word) ^ secret.first ^ hash, secret.second ^ (hash >> 32 | hash << 32));
    at += taken;
    left -= taken;
  }
  return foldedProduct(hash ^ secret.second, secret.first | 1);
}

// Of a whole question, and of `flags` below 256 that tell its answers apart.
inline std::uint64_t secretHash(const HashSecret& secret, const QuestionView& question, unsigned flags) {
  const std::uint64_t more =
      static_cast<std::uint64_t>(question.type) << 32 | static_cast<std::uint64_t>(question.rrClass) << 8 | flags;
  return secretHash(secret, question.name, more);
}

// Of an address and its port.
inline std::uint64_t secretHash(const HashSecret& secret, const Address& address) {
  std::uint64_t hash = secret.first ^ address.port();
  for (std::size_t at = 0; at < address.bytes().size(); at += 4)
    hash = foldedProduct(hash ^ loadU32(address.bytes().data() + at), secret.second);
  return hash;
}

}  // namespace taut::detail
