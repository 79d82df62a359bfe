// A snapshot in which every metric has a number: of a server that has done everything once.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "management/snapshot.hpp"
#include "taut/base/address.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/serial.hpp"
#include "taut/zone/catalog.hpp"
#include "taut/zone/catalog_writer.hpp"
#include "taut/zone/zone_file.hpp"
#include "taut/zone/zone_set.hpp"

namespace taut {

inline std::shared_ptr<const ZoneSet> zonesForMetrics(std::size_t count) {
  std::vector<std::shared_ptr<const Zone>> zones;
  for (std::size_t i = 0; i < count; ++i) {
    ZoneLoad load = parseZone(
        fmt::format("$ORIGIN zone{0}.example.\n@ 3600 SOA ns a {1} 1 1 1 1\n@ 3600 NS ns\nns 3600 A 192.0.2.1\n", i,
                    2026010100 + i));
    if (!load.ok()) throw std::runtime_error(load.firstError());
    zones.push_back(std::move(load.zone));
  }
  zones.push_back(Zone::notLoaded(Name("missing.example")));
  return std::make_shared<const ZoneSet>(std::move(zones));
}

// A server with two shards.
inline ServerStatistics fullStatistics() {
  ServerStatistics statistics;
  ServerCounters counters;
  for (std::size_t slot = 0; slot < typeSlots; ++slot)
    for (const Transport transport : {Transport::udp, Transport::tcp})
      for (const bool v6 : {false, true}) counters.requestsOf(transport, v6)[slot] += 10 + slot;
  for (std::size_t slot = 0; slot < rcodeSlots; ++slot) counters.responses[slot][0] += 100 + slot;
  for (const std::size_t size : {40u, 100u, 600u, 1500u, 20000u}) {
    counters.requestSizes.add(size);
    counters.responseSizes.add(size + 1);
  }
  counters.truncated += 3;
  for (std::size_t reason = 0; reason < dropReasonCount; ++reason) counters.dropped[reason] += reason + 1;
  counters.truncatedByRateLimit += 4;
  counters.cookies.clientOnly += 5;
  counters.cookies.valid += 6;
  counters.cookies.invalid += 7;
  counters.tsig.good += 37;
  counters.tsig.badKey += 38;
  counters.tsig.badSig += 39;
  counters.tsig.badTime += 40;
  counters.tsig.malformed += 41;
  counters.transfers.begun += 9;
  counters.transfers.ended += 7;
  counters.transfers.whole += 41;
  counters.transfers.incremental += 42;
  counters.transfers.upToDate += 43;
  counters.transfers.refused += 44;
  counters.transfers.overQuota += 45;
  counters.transfers.failed += 46;
  counters.transfers.records += 47;
  counters.transfers.octets += 48;
  counters.notifies.accepted += 49;
  counters.notifies.refused += 50;
  counters.updates.done += 69;
  counters.updates.notMet += 70;
  counters.updates.refused += 71;
  counters.updates.malformed += 72;
  counters.updates.failed += 73;
  counters.waited += 3;
  counters.durations.add(std::chrono::milliseconds(3));
  counters.displaced += 8;
  counters.givenUp += 9;
  counters.failures += 10;
  counters.connectionsMade += 20;
  counters.connectionsEnded += 5;
  counters.connectionsDisplaced += 11;
  counters.connectionsDeclined += 12;
  counters.acceptFailures += 13;
  statistics.add(counters);
  statistics.resolvers.caches = {14, 15, 16, 17, 18, 19, 20};
  statistics.resolvers.recursing = {.questions = 90,
                                    .hits = 80,
                                    .stale = 81,
                                    .secure = 82,
                                    .insecure = 83,
                                    .bogus = 84,
                                    .failures = 85,
                                    .overload = 86,
                                    .sends = 87,
                                    .bytes = 88,
                                    .entries = 89};
  statistics.resolvers.forwarding.failures = 21;
  for (const std::uint8_t last : {std::uint8_t{1}, std::uint8_t{2}}) {
    UpstreamStatistics& upstream = statistics.resolvers.upstream(Address::v4({192, 0, 2, last}, 53));
    upstream.requests = 22;
    upstream.timeouts = 23;
    upstream.durations.counts[3] = 24;
    upstream.durations.sum = 0.012;
    upstream.shards = 2;
    upstream.impairedShards = last;
  }
  statistics.shards = 2;
  statistics.completions.counts[1] = 25;
  statistics.completions.sum = 25;
  statistics.udpReceiveErrors = 26;
  statistics.logLinesLost = 27;
  statistics.dnstapWritten = 31;
  statistics.dnstapDropped = 32;
  return statistics;
}

// zone1.example is a catalog, a version of which was not taken, and zone0.example a member of it.
inline std::shared_ptr<const CatalogStatuses> catalogsForMetrics() {
  const Name member("zone0.example.");
  const Name other("other.example.");
  const CatalogEntry entries[] = {{.name = member}, {.name = other}};
  const Name name("zone1.example.");
  auto made = makeCatalog(name, entries, Serial(69));
  if (!made) throw std::runtime_error(made.error());
  const auto catalog = std::make_shared<const Catalog>(std::move(made).value());
  auto statuses = std::make_shared<CatalogStatuses>();
  statuses->catalogs.emplace(name, CatalogStatus{false, catalog, "version 70: it is none"});
  statuses->versions.push_back(catalog);
  for (const CatalogMember& each : catalog->members()) statuses->memberships.emplace(each.name, catalog->name());
  return statuses;
}

inline ManagementSnapshot fullSnapshot(std::size_t zones = 2) {
  ManagementSnapshot snapshot;
  snapshot.version = "1.2.3";
  snapshot.engine = {EngineKind::ioUring, {}};
  snapshot.zones = zonesForMetrics(zones);
  snapshot.zoneLoadFailures = 28;
  snapshot.configuration = {29, 30, false};
  snapshot.statistics = fullStatistics();
  snapshot.secondaries = {.upToDate = 61,
                          .failing = 62,
                          .missing = 63,
                          .expired = 64,
                          .transfers = 65,
                          .received = 66,
                          .failed = 67,
                          .notices = 68};
  snapshot.catalogs = catalogsForMetrics();
  HandlerStatus& handler = snapshot.handlers.emplace_back();
  handler.name = "workstations";
  handler.library = "/usr/lib/taut/libworkstations.so";
  handler.suffixes = {"example.com."};
  handler.answered = 33;
  handler.passedOn = 34;
  handler.failed = 35;
  handler.waiting = 36;
  handler.durations.counts = {90, 10, 0, 0, 1};
  handler.durations.sum = 0.0101;
  return snapshot;
}

}  // namespace taut
