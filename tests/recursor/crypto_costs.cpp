#include "crypto_costs.hpp"

#include <openssl/evp.h>

#include "taut/dns/name.hpp"
#include "taut/dns/nsec3.hpp"
#include "taut/dnssec/algorithm.hpp"

namespace taut::test {

namespace {

thread_local CryptoCosts costs;
thread_local unsigned pauses = 0;

void countVerification(EVP_PKEY* key) {
  using std::chrono::microseconds;
  if (pauses > 0) return;
  ++costs.verifications;
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_EC:
      costs.time += priceOfVerification(EVP_PKEY_get_bits(key) == 256 ? DnssecAlgorithm::ECDSAP256SHA256
                                                                      : DnssecAlgorithm::ECDSAP384SHA384);
      return;
    case EVP_PKEY_ED25519:
      costs.time += priceOfVerification(DnssecAlgorithm::ED25519);
      return;
    case EVP_PKEY_ED448:
      costs.time += priceOfVerification(DnssecAlgorithm::ED448);
      return;
    default: {  // RSA: the price is that of a modulus of 2048 bits, and grows with its square
      const double scale = EVP_PKEY_get_bits(key) / 2048.0;
      const auto price = static_cast<double>(priceOfVerification(DnssecAlgorithm::RSASHA256).count());
      costs.time += microseconds(static_cast<microseconds::rep>(price * scale * scale));
    }
  }
}

}  // namespace

CryptoCosts cryptoCosts() {
  return costs;
}

WithoutCryptoCosts::WithoutCryptoCosts() {
  ++pauses;
}
WithoutCryptoCosts::~WithoutCryptoCosts() {
  --pauses;
}

// By these names the linker finds them, and the functions that they stand before.
extern "C" {

int realPkeyVerify(EVP_PKEY_CTX* context, const unsigned char* signature, std::size_t signatureSize,
                   const unsigned char* digest, std::size_t digestSize) __asm__("__real_EVP_PKEY_verify");
int countedPkeyVerify(EVP_PKEY_CTX* context, const unsigned char* signature, std::size_t signatureSize,
                      const unsigned char* digest, std::size_t digestSize) __asm__("__wrap_EVP_PKEY_verify");

int countedPkeyVerify(EVP_PKEY_CTX* context, const unsigned char* signature, std::size_t signatureSize,
                      const unsigned char* digest, std::size_t digestSize) {
  countVerification(EVP_PKEY_CTX_get0_pkey(context));
  return realPkeyVerify(context, signature, signatureSize, digest, digestSize);
}

int realDigestVerify(EVP_MD_CTX* context, const unsigned char* signature, std::size_t signatureSize,
                     const unsigned char* data, std::size_t dataSize) __asm__("__real_EVP_DigestVerify");
int countedDigestVerify(EVP_MD_CTX* context, const unsigned char* signature, std::size_t signatureSize,
                        const unsigned char* data, std::size_t dataSize) __asm__("__wrap_EVP_DigestVerify");

int countedDigestVerify(EVP_MD_CTX* context, const unsigned char* signature, std::size_t signatureSize,
                        const unsigned char* data, std::size_t dataSize) {
  countVerification(EVP_PKEY_CTX_get0_pkey(EVP_MD_CTX_get_pkey_ctx(context)));
  return realDigestVerify(context, signature, signatureSize, data, dataSize);
}

}  // extern "C"

Nsec3Hash realNsec3Hash(NameView name, const Nsec3Parameters& parameters) __asm__(
    "__real__ZN4taut9nsec3HashENS_8NameViewERKNS_15Nsec3ParametersE");
Nsec3Hash countedNsec3Hash(NameView name, const Nsec3Parameters& parameters) __asm__(
    "__wrap__ZN4taut9nsec3HashENS_8NameViewERKNS_15Nsec3ParametersE");

Nsec3Hash countedNsec3Hash(NameView name, const Nsec3Parameters& parameters) {
  if (pauses == 0) costs.nsec3Hashes += parameters.iterations + std::size_t{1};
  return realNsec3Hash(name, parameters);
}

}  // namespace taut::test
