// What a Recursor is told: of whom it asks, what it believes, and how much it keeps.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/dns/client.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/query.hpp"
#include "taut/dnssec/algorithm.hpp"
#include "taut/dnstap/dnstap.hpp"
#include "taut/recursor/recursor_peers.hpp"
#include "taut/recursor/root_hints.hpp"
#include "taut/recursor/scrubber.hpp"
#include "taut/recursor/trust_anchors.hpp"
#include "taut/resolver/source_addresses.hpp"

namespace taut {

// A zone whose servers the operator knows. What public delegations say of it and of what is above it does not count.
struct FixedZone {
  enum class Kind : std::uint8_t {
    stub,     // the servers are authorities for the zone, and refer to those of the zones below it
    forward,  // the servers resolve all names in it
  };

  Name zone;
  Kind kind = Kind::stub;
  std::vector<Address> servers{};  // port 0 stands for 53; at least one
};

struct RecursorOptions {
  RootHints hints = RootHints::builtIn();
  // Where validation begins; an empty set: nothing is validated.
  std::shared_ptr<const TrustAnchors> anchors{};
  AlgorithmPolicy algorithms{};
  std::vector<FixedZone> zones{};       // the one with the longest name counts
  std::size_t cacheBytes = 64u << 20u;  // of this shard, for all that is kept
  // Names and types that are looked for at the same time, each of which takes some 16 kB meanwhile. They are no more
  // than half of cacheBytes has room for, or 256 where that is less.
  std::size_t maxInFlight = 4096;
  std::chrono::milliseconds deadline{8000};  // for one question
  std::uint32_t minTtl = 0;                  // seconds; of what is kept
  std::uint32_t maxTtl = 86400;
  bool minimisesQnames = true;  // RFC 9156
  bool usesIpv4 = true;         // servers are asked over it
  bool usesIpv6 = true;
  bool usesLoopback = false;  // servers at 127.0.0.0/8 and ::1 are asked; off, because a zone could name them
  Scrubber::Glue glue = Scrubber::Glue::inZone;
  bool sendsCookies = true;        // RFC 7873
  bool servesStale = true;         // RFC 8767
  bool synthesisesDenials = true;  // RFC 8198
  // Nothing is asked but what a question cannot be answered without: no second server beside a slow one, nothing
  // fetched before it ends, no late answers held back.
  bool plainIteration = false;
  std::uint16_t udpPayloadSize = defaultUdpSize;  // offered to the servers with EDNS, 512 to 4096
  // With which the names are shared out; null for a recursor alone. No more join than it is for.
  std::shared_ptr<RecursorPeers> peers{};
  SourceAddresses sources{};         // servers are asked from these
  std::shared_ptr<Dnstap> dnstap{};  // null for none; of the shard
};

}  // namespace taut
