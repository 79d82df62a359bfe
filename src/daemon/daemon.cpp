#include "daemon.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <system_error>

#include <fmt/format.h>

#include "cookie_secrets.hpp"
#include "progress_line.hpp"
#include "start_report.hpp"
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

using config::Configuration;

Configuration withThreads(Configuration configuration) {
  if (configuration.server.threads == 0) configuration.server.threads = Server::defaultThreads();
  return configuration;
}

DescriptorShares sharesFor(const Configuration& configuration) {
  const std::size_t forwards = configuration.forward ? ForwarderOptions().maxInFlight : 0;
  return shareDescriptors(configuration.server.threads, configuration.listen.size(),
                          {configuration.limits.tcpConnections, forwards});
}

ServerOptions serverOptions(const Configuration& configuration, const DescriptorShares& descriptors) {
  ServerOptions server;
  server.listen = configuration.listen;
  server.threads = configuration.server.threads;
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

// What is wrong with the files of the start, a line for each error: an operator mends them all in one go.
class FileErrors {
 public:
  template <typename Function>
  void collect(const Function& function) {
    try {
      function();
    } catch (const std::runtime_error& error) {
      text_.append(text_.empty() ? "" : "\n").append(error.what());
    }
  }

  void throwAny() const {
    if (!text_.empty()) throw std::runtime_error(text_);
  }

 private:
  std::string text_;
};

std::string hostName() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

std::shared_ptr<const ServerCookies> makeCookies(const config::ServerSettings& server) {
  if (!server.cookies) return nullptr;
  if (server.cookieSecrets.empty()) return std::make_shared<ServerCookies>(std::vector{ServerCookies::randomSecret()});
  return std::make_shared<ServerCookies>(readCookieSecrets(server.cookieSecrets));
}

std::vector<ZoneSource> sourcesOf(const Configuration& configuration) {
  std::vector<ZoneSource> sources;
  sources.reserve(configuration.zones.size());
  for (const config::ZoneSettings& zone : configuration.zones) sources.push_back(zone.source());
  return sources;
}

}  // namespace

Daemon::Daemon(Configuration configuration)
    : configuration_(withThreads(std::move(configuration))),
      descriptors_(sharesFor(configuration_)),
      hostName_(hostName()),
      rateLimitAccounts_(configuration_.rateLimit ? std::make_shared<RateLimitTable>() : nullptr),
      zones_(configuration_.server.threads, [](std::size_t zones) { return std::make_unique<ProgressLine>(zones); }),
      server_(serverOptions(configuration_, descriptors_), [this](Shard& shard) { return makeFactory(shard); }) {
  startManagement();
  FileErrors errors;
  errors.collect([this] { cookies_ = makeCookies(configuration_.server); });
  errors.collect([this] { requireReadable(configuration_.hostsFile, HostsFile::maxSize); });
  if (configuration_.forward)
    errors.collect([this] { requireReadable(configuration_.forward->resolvConf, ResolvConfFile::maxFileSize); });
  errors.collect([this] { zones_.load(sourcesOf(configuration_)); });
  for (const std::string& list : configuration_.zoneLists) errors.collect([&] { zones_.addList(list); });
  errors.throwAny();
  if (!configuration_.hostsFile.empty()) hostsFile_.emplace(configuration_.hostsFile);
  zoneSet_ = zones_.zones();
  state_.setZones(zoneSet_);
}

// Before the zones are loaded, which may take long: it can be seen meanwhile that the server is not ready.
void Daemon::startManagement() {
  ManagementOptions options;
  options.http = configuration_.http.listen;
  options.readers = configuration_.http.allow;
  options.control = configuration_.server.control;
  if (!options.wanted()) return;
  management_ = std::make_unique<ManagementThread>(std::move(options), *this);
  for (const Address& address : management_->httpAddresses()) log::info("HTTP is served on {}", address);
}

ManagementSnapshot Daemon::snapshot() {
  ManagementSnapshot snapshot;
  snapshot.version = TAUT_VERSION;
  snapshot.engine = "io_uring";
  snapshot.uptime = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start_);
  snapshot.readiness = state_.readiness();
  snapshot.zones = state_.zones();
  snapshot.zoneLoadFailures = zones_.loadFailures();
  snapshot.statistics = server_.collect();
  return snapshot;
}

void Daemon::publishZones(const std::shared_ptr<const ZoneSet>& zones) {
  state_.setZones(zones);
  server_.post([this, zones](std::size_t shard, ServerFactory&) { authorities_[shard]->replace(zones); });
}

std::unique_ptr<ServerFactory> Daemon::makeFactory(Shard& shard) {
  const auto& forward = configuration_.forward;
  const int verbose = configuration_.log.verbose;
  ServerFactory::Resolvers authorities;
  ServerFactory::Caches caches;
  ServerFactory::Resolvers clients;

  authorities_.push_back(std::make_shared<Authority>(zoneSet_));
  authorities.push_back(authorities_.back());
  authorities.push_back(makeChaos());
  // Before the cache, so that a change of the file counts at once.
  if (hostsFile_) {
    const auto otherTypes = forward ? Hosts::OtherTypes::nextResolver : Hosts::OtherTypes::noData;
    hosts_.push_back(std::make_shared<Hosts>(hostsFile_->table(), otherTypes));
    authorities.push_back(hosts_.back());
  }
  if (forward && forward->cacheSize > 0) {
    CacheOptions options;
    options.verbose = verbose;
    auto cache = std::make_shared<Cache>(forward->cacheSize / server_.shardCount(), shard.turnClock(), options);
    caches_.add(shard, cache);
    caches.push_back(std::move(cache));
  }
  if (forward) {
    auto forwarder = makeForwarder(shard);
    if (forward->denyRebinding)
      forwarder = std::make_shared<RebindingFilter>(std::move(forwarder), forward->privateDomains);
    if (hostsFile_) forwarder = std::make_shared<HostsClient>(hosts_.back(), std::move(forwarder));
    clients.push_back(std::move(forwarder));
  }

  auto factory =
      std::make_unique<ServerFactory>(std::move(authorities), std::move(caches), std::move(clients), verbose);
  if (forward) factory->setRecursionPolicy(forward->allow);
  factory->setUdpPayloadSize(configuration_.server.udpSize);
  factory->setAnswerTimeout(configuration_.server.answerTimeout);
  factory->setRRsetRoundRobin(configuration_.server.rrsetRoundRobin);
  if (configuration_.rateLimit) {
    RateLimit limit = *configuration_.rateLimit;
    limit.accounts = rateLimitAccounts_;
    factory->setRateLimit(limit);
  }
  factory->setEdns(edns());
  factory->setQueryLog(configuration_.log.queries);
  return factory;
}

std::shared_ptr<Resolver> Daemon::makeForwarder(Shard& shard) {
  using namespace std::chrono_literals;
  ForwarderOptions forwarder;
  // Whatever the servers do, the forwarder gives up before its query is given up, and knows better why there is no
  // answer.
  forwarder.defaultTimeouts = {1s, 3s, 5s};
  forwarder.tcpTimeout = 4s;
  forwarder.deadline = configuration_.server.answerTimeout * 9 / 10;
  forwarder.servers = configuration_.forward->servers;
  forwarder.resolvConf = configuration_.forward->resolvConf;
  forwarder.maxInFlight = descriptors_.forwards;
  forwarders_.push_back(std::make_shared<Forwarder>(shard, std::move(forwarder)));
  return forwarders_.back();
}

const std::string& Daemon::identity() const {
  return configuration_.server.identity.empty() ? hostName_ : configuration_.server.identity;
}

std::shared_ptr<Resolver> Daemon::makeChaos() const {
  const std::pair<const char*, const std::string&> texts[] = {
      {"version.bind", configuration_.server.version},
      {"version.server", configuration_.server.version},
      {"hostname.bind", hostName_},
      {"id.server", identity()},
  };
  auto chaos = std::make_shared<Chaos>();
  for (const auto& [name, text] : texts)
    if (configuration_.server.tells(name) && !text.empty()) chaos->add(Name(name), text);
  return chaos;
}

EdnsSettings Daemon::edns() const {
  EdnsSettings settings;
  if (configuration_.server.tells("nsid")) settings.nsid = identity();
  settings.cookies = cookies_;
  return settings;
}

void Daemon::reloadCookies() {
  if (configuration_.server.cookieSecrets.empty()) return;
  try {
    cookies_ = makeCookies(configuration_.server);
  } catch (const std::exception& error) {
    log::error("{}; cookies are made with the secret as before", reasonOf(error));
    return;
  }
  log::info("{} is read again", configuration_.server.cookieSecrets);
  server_.post([settings = edns()](std::size_t, ServerFactory& factory) { factory.setEdns(settings); });
}

void Daemon::reloadForwarders() {
  if (forwarders_.empty() || configuration_.forward->resolvConf.empty()) return;
  log::info("{} is read again", configuration_.forward->resolvConf);
  server_.post([this](std::size_t shard, ServerFactory&) { forwarders_[shard]->reload(); });
}

void Daemon::startLoaders() {
  logStart(configuration_);
  zones_.logZones();
  logSources(configuration_);
  zoneSet_.reset();  // each shard has it now, and gives it up for the next one
  loader_.emplace(zones_, [this](const std::shared_ptr<const ZoneSet>& zones) { publishZones(zones); });
  if (hostsFile_)
    hostsLoader_.emplace(*hostsFile_, [this](std::shared_ptr<const HostsTable> table) {
      server_.post(
          [this, table = std::move(table)](std::size_t shard, ServerFactory&) { hosts_[shard]->replace(table); });
    });
  running_ = true;
  if (configuration_.zoneLists.empty())
    state_.serves();
  else
    loader_->request([this](const ZoneReload&) { state_.serves(); });
}

// By SIGHUP on the main thread, or by the control tool.
void Daemon::requestReload(Reloaded done) {
  const std::scoped_lock lock(reloading_);
  reloadCookies();
  reloadForwarders();
  if (hostsLoader_) hostsLoader_->request();
  loader_->request(std::move(done));
}

bool Daemon::isResponsive() {
  constexpr std::chrono::seconds limit{10};
  return !running_ || server_.isResponsive(limit);
}

void Daemon::stop() {
  ::kill(::getpid(), SIGTERM);
}

bool Daemon::isRunning(const Reloaded& done) const {
  if (running_) return true;
  ZoneReload report;
  report.addError("the server is still starting");
  done(report);
  return false;
}

void Daemon::reload(Reloaded done) {
  if (isRunning(done)) requestReload(std::move(done));
}

void Daemon::reloadZones(Reloaded done) {
  if (isRunning(done)) loader_->request(std::move(done));
}

void Daemon::reloadZone(const Name& origin, Reloaded done) {
  if (isRunning(done)) loader_->requestZone(origin, std::move(done));
}

void Daemon::flushCache(const Name& name, bool tree, std::function<void(std::size_t)> done) {
  caches_.flush(name, tree, std::move(done));
}

void Daemon::showCache(const Name& name, std::function<void(std::vector<ShownAnswer>)> done) {
  caches_.show(name, std::move(done));
}

int Daemon::run() {
  const auto started = [this] {
    try {
      startLoaders();
    } catch (const std::system_error& error) {
      throw std::system_error(error.code(), "a thread that loads files cannot be started");
    }
  };
  const auto ending = [this] { state_.drain(true); };
  const int status = server_.run([this] { requestReload({}); }, started, ending);
  if (management_) management_->stop();
  loader_.reset();
  hostsLoader_.reset();
  if (status == 0)
    logEnd(std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start_),
           server_.collect().requestCount());
  if (!server_.endedInOrder()) {
    log::flush();
    ::_exit(status);
  }
  return status;
}

}  // namespace taut
