#include "status_json.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "json_text.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"

namespace taut {

namespace {

constexpr std::array<std::string_view, transportCount> transports{"udp", "tcp"};

Json toJson(const Zone& zone, const std::string& view) {
  Json json{{"zone", zone.origin().toString()}, {"view", view}, {"state", zone.isLoaded() ? "loaded" : "not loaded"}};
  if (!zone.isLoaded()) return json;
  json["serial"] = zone.serial();
  json["records"] = zone.recordCount();
  json["signed"] = zone.isSigned();
  return json;
}

Json toJson(const ZoneSummary& summary) {
  Json shown = Json::array();
  for (const auto& [zone, view] : summary.shown) shown.push_back(toJson(*zone, view));
  return {{"total", summary.total}, {"loaded", summary.loaded}, {"shown", std::move(shown)}};
}

void addCount(Json& json, std::string_view name, std::uint64_t count) {
  if (count == 0) return;
  auto& entry = json[std::string(name)];
  entry = (entry.is_null() ? 0 : entry.get<std::uint64_t>()) + count;
}

Json requestsByType(const ServerStatistics& statistics) {
  Json json = Json::object();
  for (const auto& families : statistics.requests)
    for (const auto& types : families)
      for (std::size_t slot = 0; slot < types.size(); ++slot) {
        const auto type = typeOfSlot(slot);
        addCount(json, type ? toString(*type) : "other", types[slot]);
      }
  return json;
}

Json requestsByTransport(const ServerStatistics& statistics) {
  Json json = Json::object();
  for (std::size_t transport = 0; transport < transportCount; ++transport)
    for (const auto& types : statistics.requests[transport])
      for (const std::uint64_t count : types) addCount(json, transports[transport], count);
  return json;
}

Json responsesByRcode(const ServerStatistics& statistics) {
  Json json = Json::object();
  for (std::size_t slot = 0; slot < rcodeSlots; ++slot) {
    const std::string rcode = slot < rcodeSlots - 1 ? toString(static_cast<Rcode>(slot)) : "other";
    for (const std::uint64_t count : statistics.responses[slot]) addCount(json, rcode, count);
  }
  return json;
}

Json toJson(const RecursorStatistics& recursing) {
  return {{"questions", recursing.questions},
          {"hits", recursing.hits},
          {"stale", recursing.stale},
          {"synthesised", recursing.synthesised},
          {"secure", recursing.secure},
          {"insecure", recursing.insecure},
          {"bogus", recursing.bogus},
          {"failed", recursing.failures},
          {"fetches", recursing.fetches},
          {"joined", recursing.joined},
          {"sends", recursing.sends},
          {"hedges", recursing.hedges},
          {"timeouts", recursing.timeouts},
          {"lame", recursing.lame},
          {"in_flight", recursing.inFlight},
          {"entries", recursing.entries},
          {"octets", recursing.bytes},
          {"prefetches", recursing.prefetches},
          {"local_referrals", recursing.localReferrals}};
}

Json toJson(const CacheStatistics& cache) {
  return {{"entries", cache.entries},
          {"octets", cache.bytes},
          {"hits", cache.hits},
          {"misses", cache.misses},
          {"evicted", cache.evicted}};
}

Json toJson(const std::vector<UpstreamStatistics>& upstreams) {
  Json json = Json::array();
  for (const UpstreamStatistics& upstream : upstreams)
    json.push_back({{"server", upstream.server.toText()},
                    {"healthy", upstream.healthy()},
                    {"requests", upstream.requests},
                    {"timeouts", upstream.timeouts}});
  return json;
}

// Queries and connections that a limit has cost something.
Json limitsOf(const ServerStatistics& statistics) {
  Json json = Json::object();
  for (std::size_t i = 0; i < dropReasonCount; ++i) addCount(json, dropReasonWords[i], statistics.dropped[i]);
  addCount(json, "rate_limit_truncated", statistics.rateLimitTruncated);
  addCount(json, "transfers_over_quota", statistics.transfersOverQuota);
  addCount(json, "waiting_displaced", statistics.displaced);
  addCount(json, "given_up", statistics.givenUp);
  addCount(json, "connections_displaced", statistics.connectionsDisplaced);
  addCount(json, "accept_failures", statistics.acceptFailures);
  addCount(json, "forwarding_overload", statistics.resolvers.forwarding.overload);
  addCount(json, "recursion_overload", statistics.resolvers.recursing.overload);
  addCount(json, "udp_receive_errors", statistics.udpReceiveErrors);
  addCount(json, "dnstap_dropped", statistics.dnstapDropped);
  addCount(json, "log_lines_lost", statistics.logLinesLost);
  return json;
}

// Numbers are those that a name, client or type was asked at least: what comes rarely never looks as if it came often.
template <typename Key, typename Text>
Json toJson(const std::vector<Counted<Key>>& list, std::string_view what, Text textOf) {
  Json json = Json::array();
  for (const Counted<Key>& counted : list)
    json.push_back({{std::string(what), textOf(counted.key)}, {"questions", counted.atLeast()}});
  return json;
}

Json toJson(const TopLists& top) {
  return {{"questions", top.queries},
          {"names", toJson(top.names, "name", [](const Name& name) { return name.toString(); })},
          {"clients", toJson(top.clients, "client", [](const TopClient& client) { return client.toString(); })},
          {"types", toJson(top.types, "type", [](Type type) { return toString(type); })}};
}

Json transfersOf(const ServerStatistics& statistics) {
  return {{"running", statistics.transfers},
          {"whole", statistics.transfersWhole},
          {"incremental", statistics.transfersIncremental},
          {"up_to_date", statistics.transfersUpToDate},
          {"refused", statistics.transfersRefused},
          {"failed", statistics.transfersFailed},
          {"records", statistics.transferRecords},
          {"octets", statistics.transferOctets}};
}

Json toJson(const ServerStatistics& statistics) {
  return {{"questions", statistics.requestCount()},
          {"transports", requestsByTransport(statistics)},
          {"types", requestsByType(statistics)},
          {"rcodes", responsesByRcode(statistics)},
          {"truncated", statistics.truncated},
          {"waiting", statistics.waiting},
          {"failures", statistics.failures},
          {"connections", statistics.connections},
          {"connections_made", statistics.connectionsMade},
          {"transfers", transfersOf(statistics)},
          {"limits", limitsOf(statistics)},
          {"cache", toJson(statistics.resolvers.caches)},
          {"recursor", toJson(statistics.resolvers.recursing)},
          {"upstreams", toJson(statistics.resolvers.upstreams)}};
}

}  // namespace

std::string_view toWord(Readiness readiness) {
  switch (readiness) {
    case Readiness::starting:
      return "starting";
    case Readiness::ready:
      return "ready";
    case Readiness::draining:
      return "draining";
  }
  return "";
}

Json toJson(const SecondaryCounts& secondaries) {
  return {{"zones", secondaries.zones()},          {"up_to_date", secondaries.upToDate},
          {"failing", secondaries.failing},        {"missing", secondaries.missing},
          {"expired", secondaries.expired},        {"transfers_running", secondaries.transfers},
          {"transfers", secondaries.received},     {"transfers_failed", secondaries.failed},
          {"notices_pending", secondaries.notices}};
}

std::string statusJson(const ManagementSnapshot& snapshot, const ZoneSummary& zones) {
  const Json json{
      {"version", snapshot.version},
      {"process", snapshot.process},
      {"state", toWord(snapshot.readiness)},
      {"uptime", snapshot.uptime.count()},
      {"engine", snapshot.engine.text()},
      {"threads", snapshot.statistics.shards},
      {"zones", toJson(zones)},
      {"secondaries", toJson(snapshot.secondaries)},
      {"statistics", toJson(snapshot.statistics)},
      {"top", toJson(snapshot.top)},
  };
  return toText(json);
}

std::string statisticsJson(const ServerStatistics& statistics) {
  return toText(toJson(statistics));
}

std::string statisticsText(const ServerStatistics& statistics) {
  std::string text;
  const Json flat = toJson(statistics).flatten();
  for (const auto& [path, value] : flat.items()) {
    if (value.is_structured() || value.is_null()) continue;
    std::string name = path.substr(1);
    for (char& letter : name)
      if (letter == '/') letter = '.';
    text += fmt::format("{:<32} {}\n", name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

}  // namespace taut
