// Keys that sign for tests, also what no honest signer would sign.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include "dnssec/canonical_rrset.hpp"
#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dnssec/dnskey.hpp"
#include "taut/dnssec/rrsig.hpp"

namespace taut::test {

using Octets = std::vector<std::uint8_t>;

// What an RRSIG says, where it is not what it should say.
struct SignatureOptions {
  std::uint32_t inception = 1'000'000;
  std::uint32_t expiration = 2'000'000;
  std::optional<std::uint8_t> labels{};
  std::optional<std::uint32_t> originalTtl{};
  std::optional<Type> typeCovered{};
  std::optional<Name> signer{};
};

class SigningKey {
 public:
  static constexpr std::uint32_t now = 1'500'000;  // between inception and expiration

  explicit SigningKey(const Name& zone, DnssecAlgorithm algorithm = DnssecAlgorithm::ED25519,
                      std::uint16_t flags = 0x0101, unsigned modulusBits = 1024)
      : zone_(zone), algorithm_(algorithm), key_(generated(algorithm, modulusBits), Free()) {
    dnskey_ = {static_cast<std::uint8_t>(flags >> 8), static_cast<std::uint8_t>(flags), 3,
               static_cast<std::uint8_t>(algorithm)};
    const Octets octets = publicOctets();
    dnskey_.insert(dnskey_.end(), octets.begin(), octets.end());
  }

  // The same key as a DNSKEY record with other flags has it.
  SigningKey withFlags(std::uint16_t flags) const {
    SigningKey other = *this;
    storeU16(other.dnskey_.data(), flags);
    return other;
  }

  const Octets& dnskey() const { return dnskey_; }
  DnskeyView view() const { return *DnskeyView::parse(dnskey_); }

  // RDATA of an RRSIG over the RRset.
  Octets sign(const RRset& set, const SignatureOptions& options = {}) const {
    const Name signer = options.signer.value_or(zone_);
    Octets rdata(18);
    storeU16(rdata.data(), static_cast<std::uint16_t>(options.typeCovered.value_or(set.type)));
    rdata[2] = static_cast<std::uint8_t>(algorithm_);
    rdata[3] = options.labels.value_or(static_cast<std::uint8_t>(detail::signedLabels(set.owner)));
    storeU32(&rdata[4], options.originalTtl.value_or(set.ttl));
    storeU32(&rdata[8], options.expiration);
    storeU32(&rdata[12], options.inception);
    storeU16(&rdata[16], view().keyTag());
    rdata.insert(rdata.end(), signer.data(), signer.data() + signer.size());
    rdata.push_back(0);  // a signature for the view, which is not signed
    const Octets octets = detail::CanonicalRRset(set).signedOctets(*RrsigView::parse(rdata));
    rdata.pop_back();
    const Octets signature = signatureOver(octets);
    rdata.insert(rdata.end(), signature.begin(), signature.end());
    return rdata;
  }

  // As an RRSIG has it.
  Octets signatureOver(const Octets& octets) const {
    const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    std::size_t size = 0;
    if (EVP_DigestSignInit_ex(context.get(), nullptr, digest(), nullptr, nullptr, key_.get(), nullptr) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &size, octets.data(), octets.size()) != 1)
      throw std::runtime_error("libcrypto does not sign");
    Octets signature(size);
    EVP_DigestSign(context.get(), signature.data(), &size, octets.data(), octets.size());
    signature.resize(size);
    return isElliptic() ? numbersOf(signature) : signature;
  }

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
    void operator()(BIGNUM* number) const { BN_free(number); }
  };

  static EVP_PKEY* generated(DnssecAlgorithm algorithm, unsigned modulusBits) {
    switch (algorithm) {
      case DnssecAlgorithm::ECDSAP256SHA256:
        return EVP_EC_gen("P-256");
      case DnssecAlgorithm::ECDSAP384SHA384:
        return EVP_EC_gen("P-384");
      case DnssecAlgorithm::ED25519:
        return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
      case DnssecAlgorithm::ED448:
        return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED448");
      default:
        return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{modulusBits});
    }
  }

  const char* digest() const {
    switch (algorithm_) {
      case DnssecAlgorithm::RSASHA1:
      case DnssecAlgorithm::RSASHA1_NSEC3_SHA1:
        return "SHA1";
      case DnssecAlgorithm::RSASHA256:
      case DnssecAlgorithm::ECDSAP256SHA256:
        return "SHA2-256";
      case DnssecAlgorithm::ECDSAP384SHA384:
        return "SHA2-384";
      case DnssecAlgorithm::RSASHA512:
        return "SHA2-512";
      default:
        return nullptr;
    }
  }

  bool isEdwards() const { return algorithm_ == DnssecAlgorithm::ED25519 || algorithm_ == DnssecAlgorithm::ED448; }
  bool isElliptic() const {
    return algorithm_ == DnssecAlgorithm::ECDSAP256SHA256 || algorithm_ == DnssecAlgorithm::ECDSAP384SHA384;
  }

  Octets number(const char* name) const {
    BIGNUM* found = nullptr;
    EVP_PKEY_get_bn_param(key_.get(), name, &found);
    const std::unique_ptr<BIGNUM, Free> owned(found);
    Octets octets(static_cast<std::size_t>(BN_num_bytes(found)));
    BN_bn2bin(found, octets.data());
    return octets;
  }

  Octets publicOctets() const {
    Octets octets(256);
    std::size_t size = octets.size();
    if (isEdwards()) {
      EVP_PKEY_get_raw_public_key(key_.get(), octets.data(), &size);
      octets.resize(size);
    } else if (isElliptic()) {
      EVP_PKEY_get_octet_string_param(key_.get(), OSSL_PKEY_PARAM_PUB_KEY, octets.data(), octets.size(), &size);
      octets.resize(size);
      octets.erase(octets.begin());  // the form of the point
    } else {
      octets = number(OSSL_PKEY_PARAM_RSA_E);
      octets.insert(octets.begin(), static_cast<std::uint8_t>(octets.size()));
      const Octets modulus = number(OSSL_PKEY_PARAM_RSA_N);
      octets.insert(octets.end(), modulus.begin(), modulus.end());
    }
    return octets;
  }

  // From DER to the form of RFC 6605 section 4.
  Octets numbersOf(const Octets& der) const {
    const std::uint8_t* at = der.data();
    const std::unique_ptr<ECDSA_SIG, Free> read(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    const int size = algorithm_ == DnssecAlgorithm::ECDSAP256SHA256 ? 32 : 48;
    Octets numbers(static_cast<std::size_t>(2 * size));
    BN_bn2binpad(ECDSA_SIG_get0_r(read.get()), numbers.data(), size);
    BN_bn2binpad(ECDSA_SIG_get0_s(read.get()), numbers.data() + size, size);
    return numbers;
  }

  Name zone_;
  DnssecAlgorithm algorithm_;
  std::shared_ptr<EVP_PKEY> key_;
  Octets dnskey_;
};

}  // namespace taut::test
