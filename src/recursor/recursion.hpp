// What the parts of a recursor share: what it was told, what it keeps, and what it counts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "key_cache.hpp"
#include "link_cache.hpp"
#include "local_root_server.hpp"
#include "taut/base/address_policy.hpp"
#include "taut/coro/event.hpp"
#include "taut/io/shard.hpp"
#include "taut/recursor/delegation_cache.hpp"
#include "taut/recursor/denial_cache.hpp"
#include "taut/recursor/infra_cache.hpp"
#include "taut/recursor/negative_trust_anchors.hpp"
#include "taut/recursor/recursor_options.hpp"
#include "taut/recursor/recursor_statistics.hpp"
#include "taut/recursor/rrset_cache.hpp"
#include "taut/recursor/scrubber.hpp"
#include "taut/recursor/server_transport.hpp"
#include "taut/recursor/trust_anchors.hpp"

namespace taut {

struct Recursion {
  Recursion(Shard& onShard, RecursorOptions given, std::unique_ptr<ServerTransport> by)
      : shard(onShard),
        anchors(std::exchange(given.anchors, nullptr)),
        options(std::move(given)),
        maxInFlight(std::min(options.maxInFlight, std::max(options.cacheBytes / 2 / octetsPerFetch, leastFetches))),
        transport(std::move(by)),
        addresses(usable(options)),
        scrubber(addresses, options.glue),
        delegations(options.cacheBytes / 16),
        keys(options.cacheBytes / 16),
        rrsets(options.cacheBytes / 16 * 9),
        links(options.cacheBytes / 8),
        denials(options.cacheBytes / 8),
        infra(std::max(options.cacheBytes / octetsPerServer, leastServers)) {}

  Shard& shard;
  std::shared_ptr<const TrustAnchors> anchors;         // at first those of the options; null for none
  std::unique_ptr<const LocalRootServer> localRoot{};  // null: servers of the root are asked
  const RecursorOptions options;
  const std::size_t maxInFlight;  // of fetches
  const std::unique_ptr<ServerTransport> transport;
  const AddressPolicy addresses;  // of servers that may be asked
  const Scrubber scrubber;
  DelegationCache delegations;
  KeyCache keys;
  RRsetCache rrsets;
  LinkCache links;
  DenialCache denials;
  InfraCache infra;
  NegativeTrustAnchors exceptions;
  RecursorCounters counters;
  Event primed;    // the root has been asked for its servers
  Event excepted;  // a negative trust anchor with an end was set

  TimePoint now() const { return shard.now(); }
  WallTime wallTime() const { return shard.clock().wallTime(); }
  bool synthesises() const { return options.synthesisesDenials && !options.plainIteration; }
  // The one that may be asked, or null.
  const LocalRootServer* usableLocalRoot() const {
    return localRoot && localRoot->isProven(wallTime()) ? localRoot.get() : nullptr;
  }
  bool validates() const { return anchors && !anchors->empty(); }

  // The fixed zone that the servers for the name and type are those of, or null. Who asks for DS asks the parent.
  const FixedZone* fixedZone(NameView name, Type type) const {
    const FixedZone* closest = nullptr;
    for (const FixedZone& fixed : options.zones) {
      const bool holds =
          type == Type::DS && !fixed.zone.isRoot() ? name.isBelow(fixed.zone) : name.isWithin(fixed.zone);
      if (holds && (!closest || fixed.zone.size() > closest->zone.size())) closest = &fixed;
    }
    return closest;
  }

  // Whether servers are asked over the family of the address.
  bool speaks(const Address& address) const { return address.isV6() ? options.usesIpv6 : options.usesIpv4; }
  // Whether a server at the address may be asked.
  bool isUsable(const Address& address) const { return speaks(address) && addresses.allows(address); }
  // Whether the operator has named the address: such a server may be asked wherever it is.
  bool isHint(const Address& address) const {
    return speaks(address) && std::ranges::any_of(options.hints.servers, [&](const Delegation::Server& server) {
             return std::ranges::find(server.glue(), address) != server.glue().end();
           });
  }

 private:
  // Servers have a sixteenth, at 80 octets each.
  static constexpr std::size_t octetsPerServer = 16 * 80;
  static constexpr std::size_t leastServers = 64;
  static constexpr std::size_t octetsPerFetch = 16384;  // of its frames, while it is under way
  static constexpr std::size_t leastFetches = 256;

  static AddressPolicy usable(const RecursorOptions& options) {
    return options.usesLoopback ? Scrubber::usableAddressesAndLoopback() : Scrubber::usableAddresses();
  }
};

}  // namespace taut
