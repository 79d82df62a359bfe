#include "taut/dns/nsec3.hpp"

#include <algorithm>
#include <memory>
#include <new>

#include <openssl/evp.h>

namespace taut {

namespace {

constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuv";

// Finding the algorithm and making a context cost more than hashing a name: each thread keeps both.
class Sha1 {
 public:
  Sha1() : digest_(EVP_MD_fetch(nullptr, "SHA1", nullptr)), context_(EVP_MD_CTX_new()) {
    if (!digest_ || !context_) throw std::bad_alloc();
  }

  void hash(ByteSpan first, ByteSpan second, Nsec3Hash& out) {
    EVP_DigestInit_ex2(context_.get(), digest_.get(), nullptr);
    EVP_DigestUpdate(context_.get(), first.data(), first.size());
    if (!second.empty()) EVP_DigestUpdate(context_.get(), second.data(), second.size());
    EVP_DigestFinal_ex(context_.get(), out.data(), nullptr);
  }

 private:
  struct Free {
    void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };

  std::unique_ptr<EVP_MD, Free> digest_;
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace

Nsec3Hash nsec3Hash(NameView name, const Nsec3Parameters& parameters) {
  thread_local Sha1 sha1;
  std::array<std::uint8_t, maxNameSize> folded;
  std::transform(name.data(), name.data() + name.size(), folded.begin(), foldCase);
  Nsec3Hash hash;
  sha1.hash({folded.data(), name.size()}, parameters.salt, hash);
  for (std::uint16_t i = 0; i < parameters.iterations; ++i) sha1.hash(hash, parameters.salt, hash);
  return hash;
}

std::array<char, nsec3LabelSize> nsec3Label(const Nsec3Hash& hash) {
  std::array<char, nsec3LabelSize> label;
  for (std::size_t group = 0; group < 4; ++group) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < 5; ++i) bits = bits << 8 | hash[group * 5 + i];
    for (std::size_t i = 0; i < 8; ++i) label[group * 8 + i] = digits[bits >> (35 - 5 * i) & 31];
  }
  return label;
}

std::optional<Nsec3Hash> nsec3HashFromLabel(std::string_view label) {
  if (label.size() != nsec3LabelSize) return std::nullopt;
  Nsec3Hash hash;
  for (std::size_t group = 0; group < 4; ++group) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < 8; ++i) {
      const auto folded = static_cast<char>(foldCase(static_cast<std::uint8_t>(label[group * 8 + i])));
      const std::size_t digit = digits.find(folded);
      if (digit == std::string_view::npos) return std::nullopt;
      bits = bits << 5 | digit;
    }
    for (std::size_t i = 0; i < 5; ++i) hash[group * 5 + i] = static_cast<std::uint8_t>(bits >> (32 - 8 * i));
  }
  return hash;
}

}  // namespace taut
