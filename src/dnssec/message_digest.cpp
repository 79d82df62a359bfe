#include "message_digest.hpp"

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>

namespace taut::detail {

namespace {

const EVP_MD* fetched(const char* name) {
  const EVP_MD* const found = EVP_MD_fetch(nullptr, name, nullptr);
  if (!found) throw std::runtime_error(std::string("libcrypto has no ") + name);
  return found;
}

}  // namespace

const EVP_MD* messageDigest(MessageDigest digest) {
  static const std::array digests{fetched("SHA1"), fetched("SHA2-256"), fetched("SHA2-384"), fetched("SHA2-512")};
  return digests[static_cast<std::size_t>(digest)];
}

}  // namespace taut::detail
