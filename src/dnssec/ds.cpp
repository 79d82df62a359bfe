#include "taut/dnssec/ds.hpp"

#include <algorithm>
#include <memory>
#include <new>

#include <openssl/evp.h>

#include "evp_free.hpp"
#include "message_digest.hpp"

namespace taut {

namespace {

const EVP_MD* digestFor(DigestType type) {
  switch (type) {
    case DigestType::SHA1:
      return detail::messageDigest(detail::MessageDigest::SHA1);
    case DigestType::SHA256:
      return detail::messageDigest(detail::MessageDigest::SHA256);
    case DigestType::SHA384:
      return detail::messageDigest(detail::MessageDigest::SHA384);
    default:
      return nullptr;
  }
}

}  // namespace

std::optional<DsView> DsView::parse(ByteSpan rdata) {
  constexpr std::size_t leastSize = 5;
  if (rdata.size() < leastSize) return std::nullopt;
  return DsView(rdata);
}

std::optional<KeyDigest> digestOf(NameView owner, const DnskeyView& key, DigestType type) {
  const EVP_MD* const digest = digestFor(type);
  if (!digest) return std::nullopt;
  const std::unique_ptr<EVP_MD_CTX, detail::EvpFree> context(EVP_MD_CTX_new());
  const Name folded = Name(owner).toLower();
  KeyDigest made;
  if (!context || EVP_DigestInit_ex2(context.get(), digest, nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), folded.data(), folded.size()) != 1 ||
      EVP_DigestUpdate(context.get(), key.rdata().data(), key.rdata().size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), made.octets_.data(), nullptr) != 1)
    throw std::bad_alloc();
  made.size_ = digestSizeOf(type);
  return made;
}

bool matchesDigest(NameView owner, const DnskeyView& key, const DsView& ds) {
  if (ds.algorithm() != key.algorithm() || ds.keyTag() != key.keyTag()) return false;
  const std::optional<KeyDigest> digest = digestOf(owner, key, ds.digestType());
  return digest && std::ranges::equal(digest->octets(), ds.digest());
}

}  // namespace taut
