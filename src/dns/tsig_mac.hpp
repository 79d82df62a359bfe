// The MAC of one message or of several, put together piece by piece (RFC 8945 section 4.3).
#pragma once

#include <memory>

#include <openssl/evp.h>

#include "taut/base/bytes.hpp"
#include "taut/dns/tsig.hpp"
#include "taut/dns/tsig_key.hpp"

namespace taut::detail {

class TsigMac {
 public:
  // Throws std::bad_alloc where there is no memory, and std::runtime_error where libcrypto has no such algorithm.
  explicit TsigMac(const TsigKey& key);

  void add(ByteSpan octets);
  // A MAC before, with its size.
  void addMac(ByteSpan mac);
  // The message without its TSIG, which `size` octets are before, with the ID that it had when it was signed.
  void addMessage(ByteSpan message, std::size_t size, std::uint16_t originalId);
  // What is signed of the record: of the first message all of it, and of later ones the times alone.
  void addVariables(const TsigRecord& record);
  void addTimers(const TsigRecord& record);

  TsigMacOctets finish();

 private:
  struct Free {
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
  };

  std::unique_ptr<EVP_MAC_CTX, Free> context_;
};

}  // namespace taut::detail
