#include "taut/zone/zonemd.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <utility>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "canonical_walk.hpp"
#include "taut/dns/rdata.hpp"

namespace taut {

namespace {

constexpr std::uint8_t simpleScheme = 1;
constexpr std::size_t headerSize = 6;  // serial, scheme, hash

class Digest {
 public:
  explicit Digest(ZonemdHash hash) : context_(EVP_MD_CTX_new()) {
    const EVP_MD* const algorithm = hash == ZonemdHash::SHA384 ? EVP_sha384() : EVP_sha512();
    if (!context_ || EVP_DigestInit_ex(context_.get(), algorithm, nullptr) != 1) throw std::bad_alloc();
  }

  void add(ByteSpan octets) { EVP_DigestUpdate(context_.get(), octets.data(), octets.size()); }

  std::vector<std::uint8_t> finish() {
    std::vector<std::uint8_t> digest(EVP_MAX_MD_SIZE);
    unsigned size = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &size);
    digest.resize(size);
    return digest;
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };

  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

// RRsets that the digest does not cover: the ZONEMD itself, and the signatures over it (section 3.1).
bool isExcluded(const Zone& zone, const RRset& set) {
  if (set.owner != zone.origin()) return false;
  if (set.type == Type::ZONEMD) return true;
  return set.type == Type::RRSIG && loadU16(set.front().data()) == static_cast<std::uint16_t>(Type::ZONEMD);
}

void addSet(Digest& digest, const RRset& set) {
  const Name owner = Name(set.owner).toLower();
  std::array<std::uint8_t, 10> fixed;
  storeU16(fixed.data(), static_cast<std::uint16_t>(set.type));
  storeU16(fixed.data() + 2, static_cast<std::uint16_t>(set.rrClass));
  storeU32(fixed.data() + 4, set.ttl);
  std::vector<std::uint8_t> canonical;
  for (const ByteSpan rdata : set) {
    storeU16(fixed.data() + 8, static_cast<std::uint16_t>(rdata.size()));
    canonical.assign(rdata.begin(), rdata.end());
    canonicaliseRdata(set.type, canonical);
    digest.add(owner.wire());
    digest.add(fixed);
    digest.add(canonical);
  }
}

std::size_t digestSize(ZonemdHash hash) {
  return hash == ZonemdHash::SHA384 ? 48 : 64;
}

}  // namespace

std::vector<std::uint8_t> zonemdDigest(const Zone& zone, ZonemdHash hash) {
  Digest digest(hash);
  detail::walkCanonically(zone, [&](const RRset& set) {
    if (!isExcluded(zone, set)) addSet(digest, set);
  });
  return digest.finish();
}

ZonemdResult verifyZonemd(const Zone& zone) {
  const RRset set = zone.apex().rrset(Type::ZONEMD).data;
  if (set.count == 0) return {};
  const auto kindOf = [](ByteSpan rdata) { return std::pair(rdata[4], rdata[5]); };
  std::string reason;
  bool failed = false;
  for (const ByteSpan rdata : set) {
    const auto kind = kindOf(rdata);
    const auto [scheme, hash] = kind;
    const auto note = [&](std::string text) { reason = reason.empty() ? std::move(text) : reason + "; " + text; };
    if (scheme != simpleScheme || (hash != 1 && hash != 2)) {
      note(fmt::format("scheme {} with hash {} is not supported", scheme, hash));
      continue;
    }
    failed = true;
    const auto algorithm = static_cast<ZonemdHash>(hash);
    if (std::count_if(set.begin(), set.end(), [&](ByteSpan other) { return kindOf(other) == kind; }) > 1) {
      note(fmt::format("several records with scheme {} and hash {}", scheme, hash));
    } else if (loadU32(rdata.data()) != zone.serial()) {
      note(fmt::format("made for serial {}, but the SOA has {}", loadU32(rdata.data()), zone.serial()));
    } else if (rdata.size() != headerSize + digestSize(algorithm)) {
      note(fmt::format("digest of {} octets, expected {}", rdata.size() - headerSize, digestSize(algorithm)));
    } else {
      const auto digest = zonemdDigest(zone, algorithm);
      if (std::equal(digest.begin(), digest.end(), rdata.begin() + headerSize))
        return {ZonemdResult::Status::verified, {}};
      note(fmt::format("the digest with hash {} does not match the zone", hash));
    }
  }
  return {failed ? ZonemdResult::Status::failed : ZonemdResult::Status::unsupported, reason};
}

}  // namespace taut
