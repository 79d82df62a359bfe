// A delegation (RFC 9499 section 7): a zone cut as the parent tells it, with the name servers of the zone, the glue
// that came with them, and the DS records, or what is known of their absence. It never changes; a walk that goes by it
// holds a reference, whatever becomes of the cache meanwhile.
//
// It is one allocation. The names of the servers are kept without the suffix that they share with the zone's name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/local_ref.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/recursor/scrubber.hpp"
#include "taut/recursor/sieve_table.hpp"

namespace taut {

// Whether data of a zone has to be signed (RFC 4033 section 5).
enum class DelegationSecurity : std::uint8_t {
  unproven,  // neither DS records nor their absence were validated
  insecure,  // the parent has proven that there is no DS, or is insecure itself
  secure,    // the DS records were validated
};

class Delegation final : public LocalCounted, public detail::SieveEntry<Delegation> {
 public:
  // A name server, and its glue. An address that another server of the zone has too is with the first of them. The port
  // is 53 but for servers that the operator has named.
  struct Server {
    Name name;
    std::array<Address, maxServerAddresses> addresses;  // the first `addressCount`, those of IPv4 before those of IPv6
    std::size_t addressCount = 0;
    std::span<const Address> glue() const { return std::span(addresses).first(addressCount); }
  };

  // From a referral, or from the reply to a priming query, for which the zone is the root. Its lifetime is the smallest
  // TTL of the NS and DS records. Null for any other reply.
  static LocalRef<Delegation> make(const Scrubbed& reply, DelegationSecurity security, TimePoint now);
  // Of the operator's hints, or of a stub zone, without DS records. Servers beyond `maxNameServers` are left out. A
  // port of 0 counts as 53, and the scopes of addresses are not kept.
  static LocalRef<Delegation> make(NameView zone, std::span<const Server> servers, DelegationSecurity security,
                                   TimePoint expiry);
  ~Delegation() = default;
  static void operator delete(void* memory) { ::operator delete(memory); }

  NameView zone() const { return NameView::trusted(octets(), zoneSize_); }
  DelegationSecurity security() const { return security_; }

  // Until when it holds: its lease. Nothing that is learnt from the zone's servers makes it longer.
  TimePoint expiry() const { return expiry_; }
  bool expired(TimePoint now) const { return now >= expiry_; }

  std::size_t serverCount() const { return serverCount_; }
  // Visits each server, as `bool visit(const Server&)`, until one visit returns false.
  template <typename Visitor>
  void forEachServer(Visitor&& visit) const;

  // The DS records, with a count of 0 where there are none; its TTL is 0.
  RRset ds() const;

  std::size_t bytes() const { return detail::heapSize(sizeof(Delegation) + octetCount_); }

 private:
  friend class DelegationCache;

  Delegation(DelegationSecurity security, TimePoint expiry) : security_(security), expiry_(expiry) {}
  static void* operator new(std::size_t size, std::size_t more) { return ::operator new(size + more); }
  static void operator delete(void* memory, std::size_t) { ::operator delete(memory); }

  const std::uint8_t* octets() const { return reinterpret_cast<const std::uint8_t*>(this + 1); }
  std::uint8_t* octets() { return reinterpret_cast<std::uint8_t*>(this + 1); }
  static LocalRef<Delegation> make(NameView zone, ByteSpan octets, std::size_t serverCount, std::size_t dsCount,
                                   DelegationSecurity security, TimePoint expiry);
  const std::uint8_t* readServer(const std::uint8_t* at, Server& server) const;

  std::uint8_t serverCount_ = 0;
  std::uint8_t zoneSize_ = 1;
  DelegationSecurity security_;
  TimePoint expiry_;
  std::uint16_t dsCount_ = 0;
  std::uint32_t octetCount_ = 0;  // zone, servers, DS records, in this order
};

template <typename Visitor>
void Delegation::forEachServer(Visitor&& visit) const {
  const std::uint8_t* at = octets() + zoneSize_;
  for (std::size_t i = 0; i < serverCount_; ++i) {
    Server server;
    at = readServer(at, server);
    if (!visit(server)) return;
  }
}

}  // namespace taut
