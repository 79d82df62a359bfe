#include "exposition.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "process_status.hpp"
#include "taut/base/histogram.hpp"
#include "taut/server/server_statistics.hpp"

namespace taut {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

constexpr std::array<const char*, transportCount> transportTexts{"udp", "tcp"};
constexpr std::array<const char*, 2> familyTexts{"ipv4", "ipv6"};

double number(std::uint64_t value) {
  return static_cast<double>(value);
}

// The families of one exposition, in the order in which they are added.
class Families {
 public:
  // A family without a number is left out.
  class Family {
   public:
    explicit Family(MetricFamily& family) : family_(family) {}

    Family& add(double value, Labels labels = {}) {
      ClientMetric& metric = next(std::move(labels));
      if (family_.type == MetricType::Counter) {
        metric.counter.value = value;
      } else {
        metric.gauge.value = value;
      }
      return *this;
    }
    Family& add(std::uint64_t value, Labels labels = {}) { return add(number(value), std::move(labels)); }

    template <std::size_t N, typename Bounds>
    Family& add(const Histogram<N>& histogram, const Bounds& bounds, Labels labels = {}) {
      ClientMetric::Histogram& written = next(std::move(labels)).histogram;
      std::uint64_t below = 0;
      for (std::size_t i = 0; i < N; ++i) {
        below += histogram.counts[i];
        written.bucket.push_back({below, upperBound(bounds[i])});
      }
      written.sample_count = below + histogram.counts[N];
      written.sample_sum = histogram.sum;
      written.bucket.push_back({written.sample_count, std::numeric_limits<double>::infinity()});
      return *this;
    }

   private:
    static double upperBound(std::size_t bound) { return number(bound); }
    static double upperBound(Duration bound) { return std::chrono::duration<double>(bound).count(); }

    ClientMetric& next(Labels labels) {
      ClientMetric& metric = family_.metric.emplace_back();
      metric.label = std::move(labels);
      return metric;
    }

    MetricFamily& family_;
  };

  Family counter(std::string_view name, std::string_view help) { return add(name, help, MetricType::Counter); }
  Family gauge(std::string_view name, std::string_view help) { return add(name, help, MetricType::Gauge); }
  Family histogram(std::string_view name, std::string_view help) { return add(name, help, MetricType::Histogram); }

  std::string text() {
    std::erase_if(families_, [](const MetricFamily& family) { return family.metric.empty(); });
    return prometheus::TextSerializer().Serialize(families_);
  }

 private:
  // The family is filled before the next one is added.
  Family add(std::string_view name, std::string_view help, MetricType type) {
    MetricFamily& family = families_.emplace_back();
    family.name = name;
    family.help = help;
    family.type = type;
    return Family(family);
  }

  std::vector<MetricFamily> families_;
};

std::string typeText(std::size_t slot) {
  const std::optional<Type> type = typeOfSlot(slot);
  return type ? toString(*type) : "other";
}

std::string kernelRelease() {
  utsname name{};
  return ::uname(&name) == 0 ? name.release : std::string();
}

std::string rcodeText(std::size_t slot) {
  return slot < rcodeSlots - 1 ? toString(static_cast<Rcode>(slot)) : "other";
}

// Types that were never asked for have no line: most of them never are.
void addRequests(Families& families, const ServerStatistics& statistics) {
  auto family = families.counter("taut_dns_requests_total", "DNS requests received.");
  for (std::size_t transport = 0; transport < transportCount; ++transport)
    for (std::size_t ip = 0; ip < 2; ++ip)
      for (std::size_t slot = 0; slot < typeSlots; ++slot) {
        const std::uint64_t count = statistics.requests[transport][ip][slot];
        if (count == 0) continue;
        family.add(count,
                   {{"proto", transportTexts[transport]}, {"family", familyTexts[ip]}, {"type", typeText(slot)}});
      }
}

// The usual RCODEs are there from the start, so that the first of them is seen as an increase.
void addResponses(Families& families, const ServerStatistics& statistics) {
  constexpr auto lastUsual = static_cast<std::size_t>(Rcode::REFUSED);
  auto family = families.counter("taut_dns_responses_total", "DNS responses made.");
  for (std::size_t transport = 0; transport < transportCount; ++transport)
    for (std::size_t slot = 0; slot < rcodeSlots; ++slot) {
      const std::uint64_t count = statistics.responses[slot][transport];
      if (count == 0 && slot > lastUsual) continue;
      family.add(count, {{"proto", transportTexts[transport]}, {"rcode", rcodeText(slot)}});
    }
}

void addQueries(Families& families, const ServerStatistics& statistics) {
  addRequests(families, statistics);
  addResponses(families, statistics);
  families
      .histogram("taut_dns_request_duration_seconds",
                 "Time that queries waited for an answer, counted in whole turns of the loop.")
      .add(statistics.durations, durationBounds);
  families.histogram("taut_dns_request_size_bytes", "Size of DNS requests.").add(statistics.requestSizes, sizeBounds);
  families.histogram("taut_dns_response_size_bytes", "Size of DNS responses.")
      .add(statistics.responseSizes, sizeBounds);
  families.counter("taut_dns_truncated_total", "Responses with TC set.").add(statistics.truncated);
  auto dropped = families.counter("taut_dns_dropped_total", "Requests without a response, by reason.");
  for (std::size_t reason = 0; reason < dropReasonCount; ++reason)
    dropped.add(statistics.dropped[reason], {{"reason", std::string(dropReasonWords[reason])}});
  families.counter("taut_rate_limited_total", "Responses over the rate limit, by what became of them.")
      .add(statistics.rateLimitDropped, {{"action", "drop"}})
      .add(statistics.rateLimitTruncated, {{"action", "truncate"}});
  families.counter("taut_cookies_total", "Requests with a cookie, by what its server cookie is.")
      .add(statistics.cookiesClientOnly, {{"state", "none"}})
      .add(statistics.cookiesValid, {{"state", "valid"}})
      .add(statistics.cookiesInvalid, {{"state", "invalid"}});
  families.counter("taut_tsig_requests_total", "Requests with a TSIG, by what came of it.")
      .add(statistics.tsigGood, {{"result", "good"}})
      .add(statistics.tsigBadKey, {{"result", "badkey"}})
      .add(statistics.tsigBadSig, {{"result", "badsig"}})
      .add(statistics.tsigBadTime, {{"result", "badtime"}})
      .add(statistics.tsigMalformed, {{"result", "malformed"}});
}

void addHandling(Families& families, const ServerStatistics& statistics) {
  families.gauge("taut_queries_waiting", "Queries that wait for their answer.").add(statistics.waiting);
  families.counter("taut_queries_displaced_total", "Queries that were stopped because too many waited.")
      .add(statistics.displaced);
  families.counter("taut_answer_timeouts_total", "Queries that were given up because their handler took too long.")
      .add(statistics.givenUp);
  families.counter("taut_handler_failures_total", "Queries whose handler failed.").add(statistics.failures);
}

void addTransfers(Families& families, const ServerStatistics& statistics) {
  families.gauge("taut_transfers_running", "Zone transfers to clients that are under way.").add(statistics.transfers);
  families.counter("taut_transfers_total", "Requests for zone transfers, by what came of them.")
      .add(statistics.transfersWhole, {{"result", "whole"}})
      .add(statistics.transfersIncremental, {{"result", "incremental"}})
      .add(statistics.transfersUpToDate, {{"result", "up_to_date"}})
      .add(statistics.transfersRefused, {{"result", "refused"}})
      .add(statistics.transfersOverQuota, {{"result", "over_quota"}})
      .add(statistics.transfersFailed, {{"result", "failed"}});
  families.counter("taut_transfer_records_total", "Records in zone transfers to clients.")
      .add(statistics.transferRecords);
  families.counter("taut_transfer_bytes_total", "Octets of zone transfers to clients.").add(statistics.transferOctets);
  families.counter("taut_notifies_total", "NOTIFY messages that came in, by what came of them.")
      .add(statistics.notifiesAccepted, {{"result", "accepted"}})
      .add(statistics.notifiesRefused, {{"result", "refused"}});
  families.counter("taut_updates_total", "Dynamic updates that came in, by what was answered.")
      .add(statistics.updatesDone, {{"result", "done"}})
      .add(statistics.updatesNotMet, {{"result", "not_met"}})
      .add(statistics.updatesRefused, {{"result", "refused"}})
      .add(statistics.updatesMalformed, {{"result", "malformed"}})
      .add(statistics.updatesFailed, {{"result", "failed"}});
}

void addSecondaries(Families& families, const SecondaryCounts& secondaries) {
  families.gauge("taut_secondary_zones", "Secondary zones, by how they are.")
      .add(secondaries.upToDate, {{"state", "up_to_date"}})
      .add(secondaries.failing, {{"state", "failing"}})
      .add(secondaries.missing, {{"state", "missing"}})
      .add(secondaries.expired, {{"state", "expired"}});
  families.gauge("taut_secondary_transfers_running", "Transfers of secondary zones that are under way.")
      .add(secondaries.transfers);
  families.counter("taut_secondary_transfers_total", "Transfers of secondary zones, by what came of them.")
      .add(secondaries.received, {{"result", "succeeded"}})
      .add(secondaries.failed, {{"result", "failed"}});
  families.gauge("taut_notices_pending", "NOTIFY messages to others that have found no reply yet.")
      .add(secondaries.notices);
}

void addLoadedHandlers(Families& families, const std::vector<HandlerStatus>& handlers) {
  const auto of = [](const HandlerStatus& handler) { return Labels{{"handler", handler.name}}; };
  const auto ended = [](const HandlerStatus& handler, const char* result) {
    return Labels{{"handler", handler.name}, {"result", result}};
  };
  auto queries = families.counter("taut_loaded_handler_queries_total",
                                  "Queries that a loaded handler was asked, by what became of them there.");
  for (const HandlerStatus& handler : handlers)
    queries.add(handler.answered, ended(handler, "answered"))
        .add(handler.passedOn, ended(handler, "passed_on"))
        .add(handler.failed, ended(handler, "failed"));
  auto waiting = families.gauge("taut_loaded_handler_waiting", "Queries that wait in a loaded handler.");
  for (const HandlerStatus& handler : handlers) waiting.add(handler.waiting, of(handler));
  auto durations =
      families.histogram("taut_loaded_handler_duration_seconds", "Time that queries were in a loaded handler.");
  for (const HandlerStatus& handler : handlers) durations.add(handler.durations, durationBounds, of(handler));
}

void addConnections(Families& families, const ServerStatistics& statistics) {
  families.gauge("taut_tcp_connections", "Open connections.").add(statistics.connections, {{"proto", "tcp"}});
  families.counter("taut_tcp_connections_total", "Connections accepted.").add(statistics.connectionsMade);
  families.counter("taut_tcp_displaced_total", "Connections that were ended to make room for others.")
      .add(statistics.connectionsDisplaced);
  families.counter("taut_tcp_refused_total", "Connections that were not served, by reason.")
      .add(statistics.connectionsDeclined, {{"reason", "declined"}})
      .add(statistics.acceptFailures, {{"reason", "resources"}});
}

void addCaches(Families& families, const CacheStatistics& caches) {
  families.counter("taut_cache_hits_total", "Look-ups that the cache answered.").add(caches.hits);
  families.counter("taut_cache_misses_total", "Look-ups that the cache did not answer.").add(caches.misses);
  families.counter("taut_cache_evictions_total", "Entries that made room for others.").add(caches.evicted);
  families.gauge("taut_cache_entries", "Entries of the cache.").add(std::uint64_t{caches.entries});
  families.gauge("taut_cache_bytes", "Memory of the cache.").add(std::uint64_t{caches.bytes});
}

void addRecursion(Families& families, const RecursorStatistics& recursing) {
  families.counter("taut_recursor_questions_total", "Questions of clients that were to be resolved.")
      .add(recursing.questions);
  families.counter("taut_recursor_cache_hits_total", "Of them, those answered from what is kept.").add(recursing.hits);
  families.counter("taut_recursor_stale_answers_total", "Of them, those answered from what has ended.")
      .add(recursing.stale);
  families.counter("taut_recursor_synthesised_total", "Answers that NSEC and NSEC3 records of others gave.")
      .add(recursing.synthesised);
  families.counter("taut_recursor_prefetches_total", "Fetches of what would have ended soon.")
      .add(recursing.prefetches);
  families.counter("taut_recursor_local_referrals_total", "Delegations that the local root has referred to.")
      .add(recursing.localReferrals);
  families.counter("taut_recursor_answers_total", "Answers that were looked for, by what came of them.")
      .add(recursing.secure, {{"result", "secure"}})
      .add(recursing.insecure, {{"result", "insecure"}})
      .add(recursing.bogus, {{"result", "bogus"}})
      .add(recursing.failures, {{"result", "failed"}});
  families.counter("taut_recursor_overload_total", "Answers that failed because too much was being looked for.")
      .add(recursing.overload);
  families.counter("taut_recursor_fetches_total", "Names and types that were looked for.").add(recursing.fetches);
  families.counter("taut_recursor_joined_total", "Names and types that were being looked for already.")
      .add(recursing.joined);
  families.counter("taut_recursor_sends_total", "Questions sent to servers.").add(recursing.sends);
  families.counter("taut_recursor_hedges_total", "Of them, those sent to another server because one was slow.")
      .add(recursing.hedges);
  families.counter("taut_recursor_timeouts_total", "Questions that a server did not answer in time.")
      .add(recursing.timeouts);
  families.counter("taut_recursor_lame_total", "Replies of servers that do not serve the zone.").add(recursing.lame);
  families.gauge("taut_recursor_in_flight", "Names and types that are being looked for.")
      .add(std::uint64_t{recursing.inFlight});
  families.gauge("taut_recursor_cache_entries", "Entries of the recursor's caches.")
      .add(std::uint64_t{recursing.entries});
  families.gauge("taut_recursor_cache_bytes", "Memory of the recursor's caches.").add(std::uint64_t{recursing.bytes});
}

void addForwarding(Families& families, const ResolverStatistics& resolvers) {
  families.counter("taut_forward_failures_total", "Questions that no server answered.")
      .add(resolvers.forwarding.failures);
  const auto of = [](const UpstreamStatistics& upstream) { return Labels{{"to", upstream.server.toText()}}; };
  auto requests = families.counter("taut_forward_requests_total", "Questions sent to a server.");
  for (const auto& upstream : resolvers.upstreams) requests.add(upstream.requests, of(upstream));
  auto timeouts = families.counter("taut_forward_timeouts_total", "Questions that a server did not answer in time.");
  for (const auto& upstream : resolvers.upstreams) timeouts.add(upstream.timeouts, of(upstream));
  auto durations = families.histogram("taut_forward_duration_seconds", "Time until a server answered.");
  for (const auto& upstream : resolvers.upstreams) durations.add(upstream.durations, durationBounds, of(upstream));
  auto healthy = families.gauge("taut_forward_healthy", "1 where the server answers, 0 where it is silent or fails.");
  for (const auto& upstream : resolvers.upstreams) healthy.add(upstream.healthy() ? 1.0 : 0.0, of(upstream));
}

void addZones(Families& families, const ManagementSnapshot& snapshot) {
  std::uint64_t total = 0;
  std::uint64_t loaded = 0;
  const auto count = [&](const ZoneSet& set) {
    total += set.size();
    for (const auto& zone : set.zones()) loaded += zone->isLoaded() ? 1 : 0;
  };
  count(*snapshot.zones);
  for (const auto& view : snapshot.zones->views()) count(*view);
  families.gauge("taut_zones", "Zones that are to be served, by state.")
      .add(loaded, {{"state", "loaded"}})
      .add(total - loaded, {{"state", "not_loaded"}});
  families.counter("taut_zone_load_failures_total", "Loads of zones that failed.").add(snapshot.zoneLoadFailures);
}

void addCatalogs(Families& families, const CatalogStatuses& catalogs) {
  if (catalogs.catalogs.empty()) return;
  const auto of = [](const Name& name, const CatalogStatus& catalog) {
    return Labels{{"catalog", name.toString()}, {"role", std::string(catalog.role())}};
  };
  auto members = families.gauge("taut_catalog_members", "Members of a catalog zone, of the version that counts.");
  for (const auto& [name, catalog] : catalogs.catalogs)
    members.add(std::uint64_t{catalog.memberCount()}, of(name, catalog));
  auto valid = families.gauge("taut_catalog_valid", "1 where the last version of a catalog zone was taken, or made.");
  for (const auto& [name, catalog] : catalogs.catalogs)
    valid.add(catalog.mistake.empty() ? 1.0 : 0.0, of(name, catalog));
}

// A line for each zone. There may be very many, so they are made in pieces, of which all but the first lose the two
// lines that a family begins with: the memory of one piece stays within the processor's cache.
std::string zoneSerials(const ZoneSet& zones) {
  constexpr std::size_t pieceSize = 256;
  std::vector<MetricFamily> families(1);
  MetricFamily& family = families.front();
  family.name = "taut_zone_serial";
  family.help = "Serial number of a zone.";
  family.type = MetricType::Gauge;
  std::vector<ClientMetric>& metrics = family.metric;
  std::string text;
  std::size_t used = 0;
  const auto write = [&] {
    if (used == 0) return;
    metrics.resize(used);
    const std::string piece = prometheus::TextSerializer().Serialize(families);
    const std::size_t header = text.empty() ? 0 : piece.find('\n', piece.find('\n') + 1) + 1;
    text.append(piece, header);
    used = 0;
  };
  const auto add = [&](const ZoneSet& set) {
    for (const auto& zone : set.zones()) {
      if (!zone->isLoaded()) continue;
      if (used == metrics.size()) metrics.emplace_back().label = {{"zone", {}}, {"view", {}}};
      ClientMetric& metric = metrics[used++];
      metric.label.front().value = zone->origin().toString();
      metric.label.back().value = set.viewName();
      metric.gauge.value = number(zone->serial());
      if (used == pieceSize) write();
    }
  };
  add(zones);
  for (const auto& view : zones.views()) add(*view);
  write();
  return text;
}

void addServer(Families& families, const ManagementSnapshot& snapshot) {
  const ConfigurationStatus& configuration = snapshot.configuration;
  families.counter("taut_config_reloads_total", "Reloads of the configuration, by result.")
      .add(configuration.reloadsSucceeded, {{"result", "success"}})
      .add(configuration.reloadsFailed, {{"result", "failure"}});
  families.gauge("taut_config_last_reload_successful", "1 where the last reload succeeded.")
      .add(configuration.lastReloadSucceeded ? 1.0 : 0.0);
  families.gauge("taut_ready", "1 where clients should ask this server.")
      .add(snapshot.readiness == Readiness::ready ? 1.0 : 0.0);
  families.gauge("taut_build_info", "What runs; always 1.")
      .add(1.0, {{"version", std::string(snapshot.version)},
                 {"engine", std::string(nameOf(snapshot.engine.kind))},
                 {"kernel", kernelRelease()}});
}

void addLoops(Families& families, const ServerStatistics& statistics) {
  families.gauge("taut_shards", "Threads that serve.").add(std::uint64_t{statistics.shards});
  families.counter("taut_loop_turns_total", "Turns of the loops.").add(statistics.completions.total());
  families.histogram("taut_loop_completions", "Completed operations of a turn.")
      .add(statistics.completions, batchBounds);
  families.counter("taut_udp_receive_errors_total", "Datagrams that the kernel dropped because a socket was full.")
      .add(statistics.udpReceiveErrors);
  families.counter("taut_dnstap_written_total", "Entries of dnstap that were written.").add(statistics.dnstapWritten);
  families.counter("taut_dnstap_dropped_total", "Entries of dnstap that were dropped.").add(statistics.dnstapDropped);
  families.counter("taut_log_dropped_total", "Lines of the log that were dropped.").add(statistics.logLinesLost);
}

void addProcess(Families& families, const ProcessStatus& process) {
  families.counter("process_cpu_seconds_total", "CPU time of the process.").add(process.cpuSeconds);
  families.gauge("process_resident_memory_bytes", "Resident memory.").add(process.residentBytes);
  families.gauge("process_virtual_memory_bytes", "Virtual memory.").add(process.virtualBytes);
  families.gauge("process_open_fds", "Open file descriptors.").add(process.openDescriptors);
  families.gauge("process_max_fds", "Limit of open file descriptors.").add(process.maxDescriptors);
  families.gauge("process_start_time_seconds", "Start of the process, since the epoch.").add(process.startTime);
}

}  // namespace

std::string exposition(const ManagementSnapshot& snapshot) {
  Families families;
  addQueries(families, snapshot.statistics);
  addHandling(families, snapshot.statistics);
  addTransfers(families, snapshot.statistics);
  addSecondaries(families, snapshot.secondaries);
  addCatalogs(families, *snapshot.catalogs);
  addLoadedHandlers(families, snapshot.handlers);
  addConnections(families, snapshot.statistics);
  addCaches(families, snapshot.statistics.resolvers.caches);
  addRecursion(families, snapshot.statistics.resolvers.recursing);
  addForwarding(families, snapshot.statistics.resolvers);
  addZones(families, snapshot);
  addServer(families, snapshot);
  addLoops(families, snapshot.statistics);
  addProcess(families, processStatus());
  return families.text() + zoneSerials(*snapshot.zones);
}

}  // namespace taut
