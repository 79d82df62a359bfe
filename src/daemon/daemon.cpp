#include "daemon.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <system_error>

#include <fmt/format.h>

#include "cookie_secrets.hpp"
#include "progress_line.hpp"
#include "taut/base/input_file.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/resolver/cache.hpp"
#include "taut/resolver/chaos.hpp"
#include "taut/resolver/hosts_client.hpp"
#include "taut/resolver/hosts_loader.hpp"
#include "taut/resolver/rebinding_filter.hpp"
#include "taut/zones/zone_loader.hpp"

namespace taut {

namespace {

constexpr std::size_t cacheBytes = 64 << 20;  // of all shards together

Options withThreads(Options options) {
  if (options.threads == 0) options.threads = Server::defaultThreads();
  return options;
}

DescriptorShares sharesFor(const Options& options) {
  const std::size_t forwards = options.forwards() ? ForwarderOptions().maxInFlight : 0;
  return shareDescriptors(options.threads, options.listen.size(), {options.maxConnections, forwards});
}

ServerOptions serverOptions(const Options& options, const DescriptorShares& descriptors) {
  ServerOptions server;
  server.listen = options.listen;
  server.threads = options.threads;
  server.maxConnections = descriptors.connections;
  return server;
}

// Such a file may come and go while the server runs. A file that is missing at the start is the operator's mistake.
void requireReadable(const std::string& path, std::uint64_t maxSize) {
  if (path.empty()) return;
  try {
    const InputFile file(path, maxSize);
  } catch (const FileError& error) {
    throw std::runtime_error(fmt::format("{}: {}", path, error.what()));
  }
}

std::string hostName() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

std::shared_ptr<const ServerCookies> makeCookies(const Options& options) {
  if (!options.cookies) return nullptr;
  if (options.cookieSecrets.empty()) return std::make_shared<ServerCookies>(std::vector{ServerCookies::randomSecret()});
  return std::make_shared<ServerCookies>(readCookieSecrets(options.cookieSecrets));
}

}  // namespace

Daemon::Daemon(Options options)
    : options_(withThreads(std::move(options))),
      descriptors_(sharesFor(options_)),
      hostName_(hostName()),
      cookies_(makeCookies(options_)),
      zones_(options_.threads, [](std::size_t zones) { return std::make_unique<ProgressLine>(zones); }),
      server_(serverOptions(options_, descriptors_), [this](Shard& shard) { return makeFactory(shard); }) {
  requireReadable(options_.hostsFile, HostsFile::maxSize);
  requireReadable(options_.resolvConf, ResolvConfFile::maxFileSize);
  if (!options_.hostsFile.empty()) hostsFile_.emplace(options_.hostsFile);
  zones_.load(options_.zones);
  for (const std::string& list : options_.zoneLists) zones_.addList(list);
  zoneSet_ = zones_.zones();
}

std::unique_ptr<ServerFactory> Daemon::makeFactory(Shard& shard) {
  ServerFactory::Resolvers authorities;
  ServerFactory::Caches caches;
  ServerFactory::Resolvers clients;

  authorities_.push_back(std::make_shared<Authority>(zoneSet_));
  authorities.push_back(authorities_.back());
  authorities.push_back(makeChaos());
  // Before the cache, so that a change of the file counts at once.
  if (hostsFile_) {
    const auto otherTypes = options_.forwards() ? Hosts::OtherTypes::nextResolver : Hosts::OtherTypes::noData;
    hosts_.push_back(std::make_shared<Hosts>(hostsFile_->table(), otherTypes));
    authorities.push_back(hosts_.back());
  }
  if (options_.cache) {
    CacheOptions cache;
    cache.verbose = options_.verbose;
    caches.push_back(std::make_shared<Cache>(cacheBytes / server_.shardCount(), shard.turnClock(), cache));
  }
  if (options_.forwards()) {
    auto forwarder = makeForwarder(shard);
    if (options_.denyRebinding)
      forwarder = std::make_shared<RebindingFilter>(std::move(forwarder), options_.privateDomains);
    if (hostsFile_) forwarder = std::make_shared<HostsClient>(hosts_.back(), std::move(forwarder));
    clients.push_back(std::move(forwarder));
  }

  auto factory =
      std::make_unique<ServerFactory>(std::move(authorities), std::move(caches), std::move(clients), options_.verbose);
  factory->setRecursionPolicy(options_.recursionPolicy);
  factory->setUdpPayloadSize(options_.udpSize);
  factory->setAnswerTimeout(std::chrono::seconds(options_.answerTimeout));
  factory->setRRsetRoundRobin(options_.rrsetRoundRobin);
  if (options_.rateLimit) factory->setRateLimit(*options_.rateLimit);
  factory->setEdns(edns());
  return factory;
}

std::shared_ptr<Resolver> Daemon::makeForwarder(Shard& shard) {
  using namespace std::chrono_literals;
  ForwarderOptions forwarder;
  // Whatever the servers do, the forwarder gives up before its query is given up, and knows better why there is no
  // answer.
  forwarder.defaultTimeouts = {1s, 3s, 5s};
  forwarder.tcpTimeout = 4s;
  forwarder.deadline = 900ms * options_.answerTimeout;
  forwarder.servers = options_.forwarders;
  forwarder.resolvConf = options_.resolvConf;
  forwarder.maxInFlight = descriptors_.forwards;
  forwarders_.push_back(std::make_shared<Forwarder>(shard, std::move(forwarder)));
  return forwarders_.back();
}

bool Daemon::tells(const char* name) const {
  return std::ranges::find(options_.hidden, name) == options_.hidden.end();
}

std::shared_ptr<Resolver> Daemon::makeChaos() const {
  const std::pair<const char*, const std::string&> texts[] = {
      {"version.bind", options_.version},
      {"version.server", options_.version},
      {"hostname.bind", hostName_},
      {"id.server", identity()},
  };
  auto chaos = std::make_shared<Chaos>();
  for (const auto& [name, text] : texts)
    if (tells(name) && !text.empty()) chaos->add(Name(name), text);
  return chaos;
}

EdnsSettings Daemon::edns() const {
  EdnsSettings settings;
  if (tells("nsid")) settings.nsid = identity();
  settings.cookies = cookies_;
  return settings;
}

void Daemon::reloadCookies() {
  if (options_.cookieSecrets.empty()) return;
  try {
    cookies_ = makeCookies(options_);
  } catch (const std::exception& error) {
    log::error("{}; cookies are made with the secret as before", reasonOf(error));
    return;
  }
  server_.post([settings = edns()](std::size_t, ServerFactory& factory) { factory.setEdns(settings); });
}

void Daemon::reloadForwarders() {
  if (forwarders_.empty()) return;
  server_.post([this](std::size_t shard, ServerFactory&) { forwarders_[shard]->reload(); });
}

int Daemon::run() {
  std::optional<ZoneLoader> loader;
  std::optional<HostsLoader> hostsLoader;
  const auto load = [&loader] { loader->request(); };
  const auto reload = [&] {
    reloadCookies();
    reloadForwarders();
    if (hostsLoader) hostsLoader->request();
    load();
  };
  const auto startLoaders = [&] {
    zoneSet_.reset();  // each shard has it now, and gives it up for the next one
    loader.emplace(zones_, [this](std::shared_ptr<const ZoneSet> zones) {
      server_.post(
          [this, zones = std::move(zones)](std::size_t shard, ServerFactory&) { authorities_[shard]->replace(zones); });
    });
    if (hostsFile_)
      hostsLoader.emplace(*hostsFile_, [this](std::shared_ptr<const HostsTable> table) {
        server_.post(
            [this, table = std::move(table)](std::size_t shard, ServerFactory&) { hosts_[shard]->replace(table); });
      });
    if (!options_.zoneLists.empty()) load();
  };
  const auto started = [&] {
    try {
      startLoaders();
    } catch (const std::system_error& error) {
      throw std::system_error(error.code(), "a thread that loads files cannot be started");
    }
  };
  const int status = server_.run(reload, started);
  if (!server_.endedInOrder()) {
    log::flush();
    ::_exit(status);
  }
  return status;
}

}  // namespace taut
