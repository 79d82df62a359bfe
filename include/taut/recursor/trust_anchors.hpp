// The keys that validation begins with (RFC 4033 section 2): of the root, and of zones that the operator names. They
// are read once and shared by all shards, as a std::shared_ptr<const TrustAnchors>.
//
// A zone with a trust anchor is secure or bogus, whatever the zones above it say, unless no algorithm or digest of its
// anchors is validated: then it is insecure, as with DS records (RFC 4035 section 5.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/base/result.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/diagnostic.hpp"

namespace taut {

// Where Debian's package dns-root-data has the keys of the root.
inline constexpr std::string_view systemTrustAnchors = "/usr/share/dns/root.key";

class TrustAnchors {
 public:
  // What is trusted of one zone. Copies are alike; the RRsets borrow from the anchor that gave them.
  struct Anchor {
    explicit Anchor(NameView name) : zone(name) {}

    Name zone;

    // The digests of all its keys, for authenticateKeys(): those that were added as DS records, and a SHA-256 digest of
    // each key that was added as a DNSKEY record. Its TTL is 0.
    RRset ds() const { return ds_.rrset(zone, Type::DS); }
    // The keys that were added as DNSKEY records, with a count of 0 where there are none. Its TTL is 0.
    RRset keys() const { return keys_.rrset(zone, Type::DNSKEY); }

   private:
    friend class TrustAnchors;

    class Records {
     public:
      bool has(ByteSpan rdata) const;
      void add(ByteSpan rdata);
      std::size_t size() const { return count_; }
      RRset rrset(NameView owner, Type type) const;

     private:
      std::vector<std::uint8_t> octets_;
      std::uint16_t count_ = 0;
    };

    Records ds_;
    Records keys_;
  };

  // The root's KSKs of 2017 and 2024, tags 20326 and 38696, as IANA publishes them.
  static TrustAnchors builtIn();

  // A DS or DNSKEY record. One that is there already is left out. Fails, with the reason for people, where no key can
  // be that of the record, and where the zone has as many anchors as are tried, `maxDsTried`.
  Result<void, std::string> add(NameView zone, Type type, ByteSpan rdata);

  // The anchor of this very zone, or null. The pointer is good until the next change.
  const Anchor* find(NameView zone) const;
  // The anchor of the zone that is the closest at or above the name, or null.
  const Anchor* closest(NameView name) const;

  std::size_t size() const { return anchors_.size(); }  // zones
  bool empty() const { return anchors_.empty(); }

  // Visits each anchor, in no order.
  template <typename Visitor>
  void forEach(Visitor&& visit) const {
    for (const auto& [zone, anchor] : anchors_) visit(anchor);
  }

 private:
  std::unordered_map<Name, Anchor, NameHash, NameEqual> anchors_;
};

// Adds the anchors of a file in master-file form, which has DS and DNSKEY records and nothing else; a TTL may be left
// out, and names without a final dot are absolute. Returns what is wrong with the file, ten messages at most. Where one
// of them is an error, the file is not to be used.
std::vector<Diagnostic> readTrustAnchors(const std::string& path, TrustAnchors& into);
// The same for text in memory; `name` stands for the path in the messages.
std::vector<Diagnostic> parseTrustAnchors(std::string_view text, const std::string& name, TrustAnchors& into);

// Those of the system's file, or else the built-in ones. A file that is there and cannot be used is logged.
TrustAnchors defaultTrustAnchors(const std::string& path = std::string(systemTrustAnchors));

}  // namespace taut
