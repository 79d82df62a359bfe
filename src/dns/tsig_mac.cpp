#include "tsig_mac.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <new>
#include <stdexcept>

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "taut/dns/query.hpp"
#include "taut/dns/type.hpp"

namespace taut::detail {

namespace {

constexpr std::array<const char*, tsigAlgorithmNames.size()> digests{"SHA1", "SHA2-224", "SHA2-256", "SHA2-384",
                                                                     "SHA2-512"};

// Looked up once for the process.
EVP_MAC* hmac() {
  static EVP_MAC* const found = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  if (!found) throw std::runtime_error("libcrypto has no HMAC");
  return found;
}

}  // namespace

TsigMac::TsigMac(const TsigKey& key) : context_(EVP_MAC_CTX_new(hmac())) {
  if (!context_) throw std::bad_alloc();
  // The parameter is only read; its type has no const.
  const auto digest = const_cast<char*>(digests[static_cast<std::size_t>(key.algorithm)]);
  const std::array<OSSL_PARAM, 2> parameters{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                             OSSL_PARAM_construct_end()};
  if (EVP_MAC_init(context_.get(), key.secret.data(), key.secret.size(), parameters.data()) != 1)
    throw std::runtime_error("libcrypto refuses the algorithm of a key");
}

void TsigMac::add(ByteSpan octets) {
  if (!octets.empty()) EVP_MAC_update(context_.get(), octets.data(), octets.size());
}

void TsigMac::addMac(ByteSpan mac) {
  std::array<std::uint8_t, 2> size;
  storeU16(size.data(), static_cast<std::uint16_t>(mac.size()));
  add(size);
  add(mac);
}

void TsigMac::addMessage(ByteSpan message, std::size_t size, std::uint16_t originalId) {
  std::array<std::uint8_t, messageHeaderSize> header;
  std::ranges::copy(message.first(header.size()), header.begin());
  storeU16(header.data(), originalId);
  storeU16(header.data() + 10, static_cast<std::uint16_t>(loadU16(header.data() + 10) - 1));
  add(header);
  add(message.first(size).subspan(header.size()));
}

void TsigMac::addVariables(const TsigRecord& record) {
  std::array<std::uint8_t, 6> fixed{};  // class and TTL
  storeU16(fixed.data(), static_cast<std::uint16_t>(Class::ANY));
  add(record.key.toLower().wire());
  add(fixed);
  add(record.algorithm.toLower().wire());
  addTimers(record);
  std::array<std::uint8_t, 4> sizes;
  storeU16(sizes.data(), record.error);
  storeU16(sizes.data() + 2, static_cast<std::uint16_t>(record.other.size()));
  add(sizes);
  add(record.other);
}

void TsigMac::addTimers(const TsigRecord& record) {
  std::array<std::uint8_t, 8> octets;
  ByteWriter writer{MutableByteSpan(octets)};
  writer.u48(record.timeSigned);
  writer.u16(record.fudge);
  add(octets);
}

TsigMacOctets TsigMac::finish() {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> octets;
  std::size_t size = 0;
  if (EVP_MAC_final(context_.get(), octets.data(), &size, octets.size()) != 1) throw std::bad_alloc();
  return TsigMacOctets(ByteSpan(octets).first(size));
}

}  // namespace taut::detail
