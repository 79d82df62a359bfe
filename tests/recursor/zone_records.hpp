// The records of a zone for tests, and their signatures, right or wrong: what an honest signer makes, and what a test
// then does to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "dnssec/signing_key.hpp"
#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/type.hpp"
#include "taut/dnssec/algorithm.hpp"
#include "taut/zone/zone.hpp"

namespace taut::test {

// An RRset that owns its records.
class OwnRRset {
 public:
  OwnRRset() = default;
  OwnRRset(NameView owner, Type type, std::uint32_t ttl) : owner_(owner), type_(type), ttl_(ttl) {}

  void add(ByteSpan rdata);

  RRset rrset() const;  // borrows
  std::size_t size() const { return count_; }

 private:
  Name owner_;
  Type type_{};
  std::uint32_t ttl_ = 0;
  std::uint16_t count_ = 0;
  Octets octets_;
};

// How a zone is signed.
struct Signing {
  enum class Denial : std::uint8_t { nsec, nsec3, optOut };

  DnssecAlgorithm algorithm = DnssecAlgorithm::ECDSAP256SHA256;
  Denial denial = Denial::nsec;
  std::uint16_t iterations = 0;              // of NSEC3
  Octets salt{};                             // likewise
  std::uint32_t inception = 1'577'836'800;   // 2020
  std::uint32_t expiration = 2'082'758'400;  // 2036
};

class ZoneRecords {
 public:
  struct Set {
    std::uint32_t ttl = 0;
    std::vector<Octets> rdata;
    std::vector<Octets> signatures;  // RDATA of the RRSIGs that cover it
  };
  using Sets = std::map<Type, Set>;

  explicit ZoneRecords(NameView origin) : origin_(origin) {}

  const Name& origin() const { return origin_; }

  // Lines of a master file, relative to the origin. Throws std::invalid_argument where they are wrong.
  void add(std::string_view text, std::uint32_t ttl);
  void add(NameView owner, Type type, std::uint32_t ttl, ByteSpan rdata);

  // Throws std::out_of_range where there is none. The text is relative to the origin.
  Set& at(std::string_view owner, Type type);
  bool has(NameView owner, Type type) const;
  void erase(std::string_view owner, Type type);
  // The RRset, to be signed or looked at.
  OwnRRset rrset(NameView owner, Type type) const;
  OwnRRset signatures(NameView owner, Type type) const;

  // Adds the DNSKEY, the proofs of denial, and a signature over each RRset that the zone has authority for.
  void sign(const SigningKey& key, const Signing& signing);
  // Gives the RRset this signature instead of those that it has.
  void signAgain(std::string_view owner, Type type, const SigningKey& key, const SignatureOptions& options);

  // As it is served. Throws std::runtime_error where it cannot be.
  std::shared_ptr<const Zone> build() const;

  const std::map<Name, Sets>& names() const { return names_; }

 private:
  Name nameOf(std::string_view text) const { return Name::parse(text, origin_).value(); }
  bool isOccluded(NameView name) const;
  bool isCut(NameView name) const { return !(name == origin_.view()) && has(name, Type::NS); }
  bool isSigned(NameView owner, Type type) const;
  std::uint32_t negativeTtl() const;
  std::vector<Name> owners() const;
  void addNsecs();
  void addNsec3s(const Signing& signing);
  Octets typeBitmap(NameView owner, bool isNsec) const;

  Name origin_;
  std::map<Name, Sets> names_;  // in canonical order
};

}  // namespace taut::test
