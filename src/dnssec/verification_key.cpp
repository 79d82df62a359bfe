#include "taut/dnssec/verification_key.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "evp_free.hpp"
#include "message_digest.hpp"

namespace taut {

namespace {

using std::chrono::microseconds;

constexpr std::size_t leastModulusBits = 512;
constexpr std::size_t largestModulusBits = 4096;
constexpr std::size_t largestExponentBits = 35;  // 2^32 + 1, which zones use, has 33
constexpr std::size_t p256Size = 32;             // octets of one coordinate, and of one number of a signature
constexpr std::size_t p384Size = 48;

using detail::EvpFree;
using Key = std::unique_ptr<EVP_PKEY, EvpFree>;

// Without zeros before the number.
ByteSpan stripped(ByteSpan number) {
  while (!number.empty() && number.front() == 0) number = number.subspan(1);
  return number;
}

bool isRsa(DnssecAlgorithm algorithm) {
  switch (algorithm) {
    case DnssecAlgorithm::RSASHA1:
    case DnssecAlgorithm::RSASHA1_NSEC3_SHA1:
    case DnssecAlgorithm::RSASHA256:
    case DnssecAlgorithm::RSASHA512:
      return true;
    default:
      return false;
  }
}

std::size_t bitsOf(ByteSpan number) {
  return number.empty() ? 0 : number.size() * 8 - static_cast<std::size_t>(std::countl_zero(number.front()));
}

struct RsaNumbers {
  ByteSpan exponent;
  ByteSpan modulus;
};

// RFC 3110 section 2: the exponent's size in one octet, or in two after a zero, the exponent, and the modulus.
std::optional<RsaNumbers> readRsa(ByteSpan key) {
  ByteReader reader(key);
  std::size_t size = reader.u8();
  if (size == 0) size = reader.u16();
  const ByteSpan exponent = reader.take(size);
  const ByteSpan modulus = reader.takeRest();
  if (!reader.ok()) return std::nullopt;
  return RsaNumbers{stripped(exponent), stripped(modulus)};
}

bool isCostly(const RsaNumbers& numbers) {
  return bitsOf(numbers.modulus) > largestModulusBits || bitsOf(numbers.exponent) > largestExponentBits;
}

// A product of two numbers takes a time that grows with the square of the modulus. An exponent takes a product for each
// bit, and one more for each bit that is set: 65537 takes 18.
microseconds priceOfRsa(DnssecAlgorithm algorithm, const RsaNumbers& numbers) {
  constexpr double usualModulus = 2048;
  constexpr double usualProducts = 18;
  int setBits = 0;
  for (const std::uint8_t octet : numbers.exponent) setBits += std::popcount(octet);
  const double size = static_cast<double>(bitsOf(numbers.modulus)) / usualModulus;
  const double products = static_cast<double>(bitsOf(numbers.exponent)) + setBits;
  const double scaled = static_cast<double>(priceOfVerification(algorithm).count()) * size * size;
  return microseconds(static_cast<microseconds::rep>(scaled * std::max(1.0, products / usualProducts)) + 1);
}

// Null where the numbers are not those of a key, and where there is no memory: libcrypto tells them apart only in its
// queue of errors.
EVP_PKEY* keyFrom(const char* kind, int selection, OSSL_PARAM* parameters) {
  const std::unique_ptr<EVP_PKEY_CTX, EvpFree> context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  if (!context) throw std::bad_alloc();
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) == 1) EVP_PKEY_fromdata(context.get(), &key, selection, parameters);
  return key;
}

// A key without a point. To find a curve by its name takes three times as long as to copy it: each is found once for
// the process.
EVP_PKEY* keyOfCurve(const char* name) {
  std::array<OSSL_PARAM, 2> parameters{
      // The name is only read; its type has no const.
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, const_cast<char*>(name), 0),
      OSSL_PARAM_construct_end()};
  EVP_PKEY* const key = keyFrom("EC", EVP_PKEY_KEY_PARAMETERS, parameters.data());
  if (!key) throw std::runtime_error(std::string("libcrypto has no ") + name);
  return key;
}

EVP_PKEY* copyOfP256() {
  static EVP_PKEY* const key = keyOfCurve("P-256");
  return EVP_PKEY_dup(key);
}

EVP_PKEY* copyOfP384() {
  static EVP_PKEY* const key = keyOfCurve("P-384");
  return EVP_PKEY_dup(key);
}

// The digest that the algorithm signs; null for those that sign the data itself.
const EVP_MD* digestFor(DnssecAlgorithm algorithm) {
  switch (algorithm) {
    case DnssecAlgorithm::RSASHA1:
    case DnssecAlgorithm::RSASHA1_NSEC3_SHA1:
      return detail::messageDigest(detail::MessageDigest::SHA1);
    case DnssecAlgorithm::RSASHA256:
    case DnssecAlgorithm::ECDSAP256SHA256:
      return detail::messageDigest(detail::MessageDigest::SHA256);
    case DnssecAlgorithm::ECDSAP384SHA384:
      return detail::messageDigest(detail::MessageDigest::SHA384);
    case DnssecAlgorithm::RSASHA512:
      return detail::messageDigest(detail::MessageDigest::SHA512);
    default:
      return nullptr;
  }
}

// One number of a signature as DER has it: no zero before it but where its first bit is set.
void writeInteger(ByteSpan number, ByteWriter& out) {
  constexpr std::uint8_t integer = 2;
  number = stripped(number);
  const bool needsZero = number.empty() || (number.front() & 0x80) != 0;
  out.u8(integer);
  out.u8(static_cast<std::uint8_t>(number.size() + (needsZero ? 1 : 0)));
  if (needsZero) out.u8(0);
  out.bytes(number);
}

// The two numbers of an ECDSA signature (RFC 6605 section 4) in the form that libcrypto wants.
class DerSignature {
 public:
  explicit DerSignature(ByteSpan signature) {
    constexpr std::uint8_t sequence = 0x30;
    ByteWriter writer{MutableByteSpan(octets_).subspan(2)};
    writeInteger(signature.first(signature.size() / 2), writer);
    writeInteger(signature.subspan(signature.size() / 2), writer);
    octets_[0] = sequence;
    octets_[1] = static_cast<std::uint8_t>(writer.size());
    size_ = writer.size() + 2;
  }

  ByteSpan octets() const { return ByteSpan(octets_).first(size_); }

 private:
  std::array<std::uint8_t, 2 + 2 * (3 + p384Size)> octets_;  // below 128 octets, so that one octet says the size
  std::size_t size_;
};

bool verifyDigest(EVP_PKEY_CTX* context, const EVP_MD* digest, ByteSpan data, ByteSpan signature) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> hash;
  unsigned size = 0;
  if (EVP_Digest(data.data(), data.size(), hash.data(), &size, digest, nullptr) != 1) throw std::bad_alloc();
  return EVP_PKEY_verify(context, signature.data(), signature.size(), hash.data(), size) == 1;
}

bool verifyData(EVP_PKEY* key, ByteSpan data, ByteSpan signature) {
  const std::unique_ptr<EVP_MD_CTX, EvpFree> context(EVP_MD_CTX_new());
  if (!context) throw std::bad_alloc();
  return EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key, nullptr) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), data.data(), data.size()) == 1;
}

// Made ready for a digest, where there is one; null where libcrypto does not verify with such a key.
EVP_PKEY_CTX* verifierOf(EVP_PKEY* key, const EVP_MD* digest) {
  std::unique_ptr<EVP_PKEY_CTX, EvpFree> context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  if (!context) throw std::bad_alloc();
  const bool isReady = !digest || (EVP_PKEY_verify_init(context.get()) == 1 &&
                                   EVP_PKEY_CTX_set_signature_md(context.get(), digest) == 1);
  if (isReady) return context.release();
  ERR_clear_error();
  return nullptr;
}

}  // namespace

bool isCostly(const DnskeyView& key) {
  const std::optional<RsaNumbers> numbers = isRsa(key.algorithm()) ? readRsa(key.key()) : std::nullopt;
  return numbers && isCostly(*numbers);
}

void VerificationKey::Free::operator()(EVP_PKEY_CTX* verifier) const {
  EVP_PKEY_CTX_free(verifier);
}

VerificationKey::VerificationKey(const DnskeyView& key, Verifier verifier, microseconds price)
    : verifier_(std::move(verifier)),
      price_(price),
      keyTag_(key.keyTag()),
      algorithm_(key.algorithm()),
      isZoneKey_(key.isZoneKey()),
      isRevoked_(key.isRevoked()) {}

Result<VerificationKey, ValidationFault> VerificationKey::make(const DnskeyView& key) {
  if (isRsa(key.algorithm())) return makeRsa(key);
  switch (key.algorithm()) {
    case DnssecAlgorithm::ECDSAP256SHA256:
    case DnssecAlgorithm::ECDSAP384SHA384:
      return makeEcdsa(key);
    case DnssecAlgorithm::ED25519:
    case DnssecAlgorithm::ED448:
      return makeEddsa(key);
    default:
      return Failure(ValidationFault::unsupportedAlgorithm);
  }
}

// `made` is null where the octets are not those of a key.
Result<VerificationKey, ValidationFault> VerificationKey::makeOf(const DnskeyView& key, EVP_PKEY* made,
                                                                 microseconds price) {
  if (!made) ERR_clear_error();
  Verifier verifier(made ? verifierOf(made, digestFor(key.algorithm())) : nullptr);
  if (!verifier) return Failure(ValidationFault::malformedKey);
  return VerificationKey(key, std::move(verifier), price);
}

Result<VerificationKey, ValidationFault> VerificationKey::makeRsa(const DnskeyView& key) {
  const std::optional<RsaNumbers> numbers = readRsa(key.key());
  if (!numbers) return Failure(ValidationFault::malformedKey);
  const std::size_t modulusBits = bitsOf(numbers->modulus);
  const std::size_t exponentBits = bitsOf(numbers->exponent);
  // With 1 as exponent everybody can sign; an even one has no counterpart.
  if (modulusBits < leastModulusBits || exponentBits < 2 || (numbers->exponent.back() & 1) == 0 ||
      (numbers->modulus.back() & 1) == 0)
    return Failure(ValidationFault::malformedKey);
  if (isCostly(*numbers)) return Failure(ValidationFault::costlyKey);
  // libcrypto takes numbers in the order of the machine, which is little endian (taut/base/bytes.hpp).
  std::array<std::uint8_t, largestModulusBits / 8> modulus;
  std::array<std::uint8_t, (largestExponentBits + 7) / 8> exponent;
  std::ranges::reverse_copy(numbers->modulus, modulus.begin());
  std::ranges::reverse_copy(numbers->exponent, exponent.begin());
  std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, modulus.data(), numbers->modulus.size()),
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, exponent.data(), numbers->exponent.size()),
      OSSL_PARAM_construct_end()};
  const Key made(keyFrom("RSA", EVP_PKEY_PUBLIC_KEY, parameters.data()));
  return makeOf(key, made.get(), priceOfRsa(key.algorithm(), *numbers));
}

Result<VerificationKey, ValidationFault> VerificationKey::makeEcdsa(const DnskeyView& key) {
  constexpr std::uint8_t uncompressed = 4;  // the form of a point in which both coordinates follow
  const bool isP256 = key.algorithm() == DnssecAlgorithm::ECDSAP256SHA256;
  std::array<std::uint8_t, 1 + 2 * p384Size> point;
  if (key.key().size() != 2 * (isP256 ? p256Size : p384Size)) return Failure(ValidationFault::malformedKey);
  point[0] = uncompressed;
  std::ranges::copy(key.key(), point.begin() + 1);
  Key made(isP256 ? copyOfP256() : copyOfP384());
  if (!made) throw std::bad_alloc();
  if (EVP_PKEY_set1_encoded_public_key(made.get(), point.data(), 1 + key.key().size()) != 1) made.reset();
  return makeOf(key, made.get(), priceOfVerification(key.algorithm()));
}

Result<VerificationKey, ValidationFault> VerificationKey::makeEddsa(const DnskeyView& key) {
  constexpr std::size_t ed25519Size = 32;
  constexpr std::size_t ed448Size = 57;
  const bool isEd25519 = key.algorithm() == DnssecAlgorithm::ED25519;
  if (key.key().size() != (isEd25519 ? ed25519Size : ed448Size)) return Failure(ValidationFault::malformedKey);
  const Key made(EVP_PKEY_new_raw_public_key_ex(nullptr, isEd25519 ? "ED25519" : "ED448", nullptr, key.key().data(),
                                                key.key().size()));
  return makeOf(key, made.get(), priceOfVerification(key.algorithm()));
}

bool VerificationKey::verify(ByteSpan data, ByteSpan signature) {
  const EVP_MD* const digest = digestFor(algorithm_);
  bool verified = false;
  if (!digest) {
    verified = verifyData(EVP_PKEY_CTX_get0_pkey(verifier_.get()), data, signature);
  } else if (algorithm_ == DnssecAlgorithm::ECDSAP256SHA256 || algorithm_ == DnssecAlgorithm::ECDSAP384SHA384) {
    const std::size_t size = algorithm_ == DnssecAlgorithm::ECDSAP256SHA256 ? p256Size : p384Size;
    if (signature.size() != 2 * size) return false;
    verified = verifyDigest(verifier_.get(), digest, data, DerSignature(signature).octets());
  } else {
    verified = verifyDigest(verifier_.get(), digest, data, signature);
  }
  // What is wrong with a signature is left in the thread's queue of errors, where others would find it.
  if (!verified) ERR_clear_error();
  return verified;
}

}  // namespace taut
