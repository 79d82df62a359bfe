// Frees what libcrypto has made, as the deleter of a std::unique_ptr.
#pragma once

#include <openssl/evp.h>

namespace taut::detail {

struct EvpFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace taut::detail
