#include "daemon.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <stdexcept>
#include <system_error>

#include <fmt/format.h>

#include "allowed_clients.hpp"
#include "taut/base/log.hpp"
#include "taut/resolver/cache.hpp"
#include "taut/resolver/forwarder.hpp"
#include "taut/resolver/hosts.hpp"
#include "zone_loader.hpp"

namespace taut {

namespace {

constexpr std::size_t cacheBytes = 64 << 20;  // of all shards together

ServerOptions serverOptions(const Options& options) {
  ServerOptions server;
  server.listen = options.listen;
  server.threads = options.threads;
  server.maxConnections = options.maxConnections;
  return server;
}

// Such a file may go and come back while the server runs; one that is not there at the start is the operator's mistake.
void requireReadable(const std::string& path) {
  if (!path.empty() && ::access(path.c_str(), R_OK) != 0)
    throw std::runtime_error(fmt::format("{}: {}", path, std::generic_category().message(errno)));
}

// The usual soft limit, 1024, is there for programs that call select; a server gets what the hard one allows.
void raiseDescriptorLimit(std::size_t sockets) {
  constexpr rlim_t others = 64;  // rings, listeners, files
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = sockets + others;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(limit.rlim_max, wanted);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted)
    log::warning("{} descriptors may be open, too few for {} connections and forwarded questions at a time",
                 limit.rlim_cur, sockets);
}

}  // namespace

Daemon::Daemon(Options options)
    : options_(std::move(options)),
      zones_(options_.threads),
      server_(serverOptions(options_), [this](Shard& shard) { return makeFactory(shard); }) {
  requireReadable(options_.hostsFile);
  requireReadable(options_.resolvConf);
  const std::size_t forwarded = options_.forwards() ? ForwarderOptions().maxInFlight : 0;
  raiseDescriptorLimit((options_.maxConnections + forwarded) * server_.shardCount());
  zones_.load(options_.zones);
  for (const std::string& list : options_.zoneLists) zones_.addList(list);
  zoneSet_ = zones_.zones();
}

std::unique_ptr<ServerFactory> Daemon::makeFactory(Shard& shard) {
  ServerFactory::Resolvers authorities;
  ServerFactory::Caches caches;
  ServerFactory::Resolvers clients;
  const TimeSource now = [&shard] { return shard.now(); };

  authorities_.push_back(std::make_shared<Authority>(zoneSet_));
  authorities.push_back(authorities_.back());
  // In front of the cache, so that a change of the file counts at once.
  if (!options_.hostsFile.empty())
    authorities.push_back(std::make_shared<Hosts>(options_.hostsFile, std::chrono::hours(1), now));
  if (options_.cache) {
    CacheOptions cache;
    cache.verbose = options_.verbose;
    caches.push_back(std::make_shared<Cache>(cacheBytes / server_.shardCount(), now, cache));
  }
  if (options_.forwards()) clients.push_back(makeForwarder(shard));

  auto factory =
      std::make_unique<ServerFactory>(std::move(authorities), std::move(caches), std::move(clients), options_.verbose);
  factory->setUdpPayloadSize(options_.udpSize);
  factory->setRRsetRoundRobin(options_.rrsetRoundRobin);
  if (options_.rateLimit) factory->setRateLimit(*options_.rateLimit);
  return factory;
}

std::shared_ptr<Resolver> Daemon::makeForwarder(Shard& shard) const {
  ForwarderOptions forwarder;
  forwarder.servers = options_.forwarders;
  forwarder.resolvConf = options_.resolvConf;
  return std::make_shared<AllowedClients>(options_.recursionPolicy,
                                          std::make_shared<Forwarder>(shard, std::move(forwarder)));
}

int Daemon::run() {
  std::optional<ZoneLoader> loader;
  const auto load = [&loader] { loader->request(); };
  const auto started = [&] {
    loader.emplace(zones_, [this](std::shared_ptr<const ZoneSet> zones) {
      server_.post(
          [this, zones = std::move(zones)](std::size_t shard, ServerFactory&) { authorities_[shard]->replace(zones); });
    });
    if (!options_.zoneLists.empty()) load();
  };
  return server_.run(load, started);
}

}  // namespace taut
