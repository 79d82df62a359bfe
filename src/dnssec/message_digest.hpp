// The digests of DNSSEC. Finding one by its name takes longer than hashing a record: each is found once for the
// process.
#pragma once

#include <cstdint>

#include <openssl/evp.h>

namespace taut::detail {

enum class MessageDigest : std::uint8_t { SHA1, SHA256, SHA384, SHA512 };

// Never null: throws std::runtime_error where libcrypto does not have it.
const EVP_MD* messageDigest(MessageDigest digest);

}  // namespace taut::detail
