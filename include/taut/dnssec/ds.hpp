// The digest of a child's key, by which its parent vouches for it (RFC 4034 section 5).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dnssec/algorithm.hpp"
#include "taut/dnssec/dnskey.hpp"

namespace taut {

// Borrows the RDATA: valid as long as that is.
class DsView {
 public:
  // Nothing where the RDATA has no octet of a digest.
  static std::optional<DsView> parse(ByteSpan rdata);

  std::uint16_t keyTag() const { return loadU16(rdata_.data()); }
  DnssecAlgorithm algorithm() const { return static_cast<DnssecAlgorithm>(rdata_[2]); }
  DigestType digestType() const { return static_cast<DigestType>(rdata_[3]); }
  ByteSpan digest() const { return rdata_.subspan(4); }

 private:
  explicit DsView(ByteSpan rdata) : rdata_(rdata) {}

  ByteSpan rdata_;
};

class KeyDigest {
 public:
  static constexpr std::size_t maxSize = 48;

  ByteSpan octets() const { return ByteSpan(octets_).first(size_); }

 private:
  friend std::optional<KeyDigest> digestOf(NameView owner, const DnskeyView& key, DigestType type);

  std::array<std::uint8_t, maxSize> octets_;
  std::size_t size_ = 0;
};

// RFC 4034 section 5.1.4. Nothing for a type that is not SHA-1, SHA-256 or SHA-384.
std::optional<KeyDigest> digestOf(NameView owner, const DnskeyView& key, DigestType type);

// Whether the DS is that of the key: algorithm, tag and digest.
bool matchesDigest(NameView owner, const DnskeyView& key, const DsView& ds);

}  // namespace taut
