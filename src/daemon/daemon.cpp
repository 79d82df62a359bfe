#include "daemon.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "archived_zones.hpp"
#include "cage.hpp"
#include "config/account.hpp"
#include "file_errors.hpp"
#include "live_settings.hpp"
#include "memory_size.hpp"
#include "named_files.hpp"
#include "progress_line.hpp"
#include "sandbox/privileges.hpp"
#include "start_report.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/resolver/cache.hpp"
#include "taut/resolver/dns64.hpp"
#include "taut/resolver/local_zones.hpp"

namespace taut {

namespace {

using config::Configuration;

constexpr std::uint64_t maxUsualCache = std::uint64_t{1} << 30;  // octets, of all that a recursor keeps

// Sockets of a service manager say what is to be listened on, but for those that HTTP is served on.
std::vector<Address> activatedAddresses(const Inheritance& inheritance, const Configuration& configuration) {
  if (!inheritance.isActivated) return {};
  const std::vector<Address> http = config::addressesOf(configuration.http.listen);
  std::vector<Address> addresses = inheritance.sockets->addresses();
  std::erase_if(addresses, [&](const Address& address) { return std::ranges::find(http, address) != http.end(); });
  return addresses;
}

ManagementOptions managementOptions(const Configuration& configuration, EngineKind engine, GivenSockets* given) {
  ManagementOptions options;
  options.http = config::addressesOf(configuration.http.listen);
  options.readers = configuration.http.allow;
  options.control = configuration.server.control;
  options.engine = engine;
  options.given = given;
  return options;
}

// Nothing where the server stays the user that it is.
std::optional<UserAccount> userToBecome(const Configuration& configuration) {
  if (configuration.user.empty()) return std::nullopt;
  auto account = findUser(configuration.user);
  const auto fail = [&](const std::string& what) {
    throw std::runtime_error(fmt::format("{}: {}", config::placeOfUser(configuration).toText(), what));
  };
  if (!account) fail(fmt::format("there is no user {}", configuration.user));
  if (::geteuid() == 0) return account;
  if (account->user != ::geteuid())
    fail(fmt::format("user {} started the server; only root can have it become {}", userName(::geteuid()),
                     configuration.user));
  return std::nullopt;
}

bool isPreset(const config::ListenAddress& listen) {
  return listen.origin.kind() == config::Origin::Kind::preset;
}

ServerOptions serverOptions(const Configuration& configuration, const DescriptorShares& descriptors, EngineKind engine,
                            std::shared_ptr<GivenSockets> given, std::function<void()> opened) {
  ServerOptions server;
  server.opened = std::move(opened);
  server.listen = config::addressesOf(configuration.listen);
  server.freebind = configuration.server.freebind;
  server.threads = configuration.server.threads;
  server.engine = engine;
  server.maxConnections = descriptors.connections;
  server.given = std::move(given);
  return server;
}

// Null where there is no folder for it.
std::shared_ptr<ZoneArchive> makeArchive(const Configuration& configuration) {
  const std::string& folder = configuration.server.stateFolder;
  return folder.empty() ? nullptr : std::make_shared<ZoneArchive>(folder);
}

// Has the loaded handlers start after all others, and end after them.
class Factory final : public ServerFactory {
 public:
  using ServerFactory::ServerFactory;

  void setHandlers(ShardHandlers& handlers) { handlers_ = &handlers; }
  void setRecursors(const Shard& shard, RecursorControl& recursors) {
    shard_ = &shard;
    recursors_ = &recursors;
  }

  Task<> startResolvers() override {
    co_await ServerFactory::startResolvers();
    co_await handlers_->start();
  }
  Task<> closeResolvers() override {
    if (recursors_) co_await recursors_->close(*shard_);
    co_await ServerFactory::closeResolvers();
    co_await handlers_->close();
  }

 private:
  ShardHandlers* handlers_ = nullptr;
  const Shard* shard_ = nullptr;
  RecursorControl* recursors_ = nullptr;  // null where there are none
};

std::vector<Name> namesOf(const std::vector<FixedZone>& zones) {
  std::vector<Name> names;
  for (const FixedZone& zone : zones) names.push_back(zone.zone);
  return names;
}

std::string hostName() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

}  // namespace

Daemon::Daemon(Configuration configuration, config::Sources sources, const Inheritance& inheritance,
               Predecessor* predecessor)
    : sources_(std::move(sources)),
      given_(inheritance.sockets),
      activated_(activatedAddresses(inheritance, configuration)),
      predecessor_(predecessor),
      stored_(inheritance.names),
      configuration_(completed(std::move(configuration))),
      drain_(configuration_.server.drain),
      shown_(configuration_),
      handlers_(configuration_.server.threads),
      engine_(chooseEngine(configuration_.server.engine)),
      descriptors_(sharesFor(configuration_)),
      hostName_(hostName()),
      rateLimitAccounts_(configuration_.rateLimit ? std::make_shared<RateLimitTable>() : nullptr),
      members_(configuration_.server.stateFolder),
      archive_(makeArchive(configuration_)),
      zones_(
          configuration_.server.threads, [](std::size_t zones) { return std::make_unique<ProgressLine>(zones); },
          archive_ ? std::make_shared<ArchivedZones>(archive_) : nullptr),
      transferQuota_(
          std::make_shared<TransferQuota>(configuration_.limits.transfers, configuration_.limits.transfersOfClient)),
      transfers_(makeTransfers()),
      upkeep_(std::make_unique<Upkeep>(engine_.kind, archive_.get(),
                                       [this](ZoneInstall version, std::function<void()> served) {
                                         loader_->install(std::move(version), std::move(served));
                                       })),
      server_(serverOptions(configuration_, descriptors_, engine_.kind, given_, [this] { shutIn(); }),
              [this](Shard& shard) { return makeFactory(shard); }) {
  const auto user = userToBecome(configuration_);
  const ManagementOptions management = managementOptions(configuration_, engine_.kind, given_.get());
  management_ = std::make_unique<ManagementThread>(management, *this);
  if (user) become(*user);
  // Before the zones are loaded, which may take long: it can be seen meanwhile that the server is not ready. The server
  // before this one is, and is seen as long as it serves.
  isManaged_ = management.wanted();
  if (isManaged_ && !predecessor_) management_->start();
  FileErrors errors;
  secrets_ = readNamedFiles(configuration_, errors);
  recursionFiles_ = readRecursionFiles(configuration_, errors);
  requireOutgoing(configuration_, errors);
  if (configuration_.recursion) recursorPeers_ = std::make_shared<RecursorPeers>(server_.shardCount());
  errors.collect([this] { loadNamedZones(zones_, zoneSourcesOf(configuration_), configuration_); });
  for (const std::string& list : configuration_.zoneLists) errors.collect([&] { zones_.addList(list); });
  errors.throwAny();
  handlers_.load(configuration_.handlers, errors);
  errors.throwAny();
  if (!configuration_.hostsFile.empty()) hostsFile_.emplace(configuration_.hostsFile);
  loadMembers();
  plan_ = makePlan();
  transfers_ = makeTransfers();
  if (predecessor_) catchUp();
  zoneSet_ = zones_.zones();
  state_.setZones(zoneSet_);
  policies_.set(configuration_, *zoneSet_);
  rootCopy_.setAnchors(recursionFiles_.anchors);
  rootCopy_.set(configuration_);
}

// With what it leaves to the machine, and to the sockets that were given.
Configuration Daemon::completed(Configuration configuration) const {
  if (configuration.server.threads == 0) configuration.server.threads = Server::defaultThreads();
  if (auto& recursion = configuration.recursion; recursion && recursion->options.cacheBytes == 0)
    recursion->options.cacheBytes = std::min<std::uint64_t>(memorySize() / 10, maxUsualCache);
  if (activated_.empty() || !std::ranges::all_of(configuration.listen, isPreset)) return configuration;
  configuration.listen.clear();
  for (const Address& address : activated_) configuration.listen.push_back({address, {}});
  return configuration;
}

DescriptorShares Daemon::sharesFor(const Configuration& configuration) const {
  const std::size_t forwards = countForwarders(configuration) > 0 ? ForwarderOptions().maxInFlight : 0;
  const std::size_t kept = configuration.server.stateFolder.empty() ? 0 : ZoneArchive::maxDescriptors;
  return descriptorBudget_.share(configuration.server.threads, configuration.listen.size(), kept,
                                 {configuration.limits.tcpConnections, forwards});
}

// The socket file was made in a folder that may be root's alone. What root has read, the user has to be able to read
// again, or a reload would find less than the start did.
void Daemon::become(const UserAccount& user) const {
  const std::string& control = configuration_.server.control;
  if (!control.empty() && ::lchown(control.c_str(), user.user, user.group) != 0)
    throw std::system_error(errno, std::generic_category(),
                            fmt::format("{} cannot be given to {}", control, user.name));
  sandbox::becomeUser(user);
  const auto again = config::load(sources_);
  if (again) return;
  std::string text;
  for (const config::Mistake& mistake : again.error())
    text += fmt::format("{}as user {}: {}", text.empty() ? "" : "\n", user.name, mistake.toText());
  throw std::runtime_error(text);
}

// When all sockets are open, on the thread that starts all others. These run already: the one of the management and the
// one of the log.
void Daemon::shutIn() {
  if (!configuration_.sandbox || sandbox::isObserved()) return;
  loadsCode_ = !configuration_.handlers.empty();
  writtenFolders_ = writtenFolders(configuration_);
  sandbox_ = std::make_shared<sandbox::Sandbox>(cageFor(configuration_, zones_, engine_.kind));
  const auto restrictThread = [sandbox = sandbox_] { sandbox->restrictThread(); };
  restrictThread();
  management_->call(restrictThread);
  log::callOnWriter(restrictThread);
  sandbox_->restrictProcess();
}

ManagementSnapshot Daemon::snapshot() {
  ManagementSnapshot snapshot;
  snapshot.version = TAUT_VERSION;
  snapshot.engine = engine_;
  snapshot.process = ::getpid();
  snapshot.uptime = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start_);
  snapshot.readiness = state_.readiness();
  snapshot.zones = state_.zones();
  snapshot.zoneErrors = zones_.errors();
  snapshot.zoneLoadFailures = zones_.loadFailures();
  snapshot.configuration = {reloads_.succeeded.value(), reloads_.failed.value(), reloads_.lastSucceeded};
  snapshot.statistics = server_.collect();
  snapshot.secondaries = upkeep_->counts();
  snapshot.catalogs = state_.catalogs();
  snapshot.handlers = handlers_.statuses();
  return snapshot;
}

void Daemon::collectTop(std::function<void(std::vector<TopLists>)> done) {
  if (running_) return server_.collectTop(std::move(done));
  done({});
}

void Daemon::publishZones(const ZonePublication& publication) {
  state_.setZones(publication.zones);
  followCatalogs(*publication.zones);
  // Others are told when all shards have the zones: one that asks at once is to find the version.
  const std::shared_ptr<void> told(nullptr, [this, news = zones_.takeNews()](void*) { tellOf(news); });
  server_.post([this, publication, told, policies = policies_.update(*publication.zones),
                root = rootCopy_.update(*publication.zones)](std::size_t shard, ServerFactory&) {
    authorities_[shard]->serve(publication);
    resolvers_[shard].views.serve(publication);
    if (resolvers_[shard].policy) resolvers_[shard].policy->replace(policies);
    if (resolvers_[shard].recursor) resolvers_[shard].recursor->setLocalRoot(root);
  });
  upkeep_->filesChanged(zones_.takeFileVersions());
}

std::unique_ptr<ServerFactory> Daemon::makeFactory(Shard& shard) {
  const auto& forward = configuration_.forward;
  const int verbose = configuration_.log.verbose;
  ServerFactory::Resolvers authorities;
  ServerFactory::Caches caches;
  ServerFactory::Resolvers clients;

  authorities_.push_back(std::make_shared<Authority>(zoneSet_));
  authorities.push_back(authorities_.back());
  ShardResolvers& resolvers = resolvers_.emplace_back();
  resolvers.shard = &shard;
  resolvers.handlers = std::make_unique<ShardHandlers>(shard, handlers_.makeFor(shard));
  resolvers.shared.authority = authorities_.back();
  resolvers.shared.beforeZones = resolvers.handlers->at(HandlerPlace::beforeZones);
  resolvers.shared.afterZones = resolvers.handlers->at(HandlerPlace::afterZones);
  resolvers.dnstap = makeDnstap(shard);
  resolvers.shared.chaos = std::make_shared<Chaos>();
  authorities.push_back(resolvers.shared.chaos);
  // Before the cache, so that a change of the file counts at once.
  if (hostsFile_) {
    const auto otherTypes = configuration_.recurses() ? Hosts::OtherTypes::nextResolver : Hosts::OtherTypes::noData;
    hosts_.push_back(std::make_shared<Hosts>(hostsFile_->table(), otherTypes));
    authorities.push_back(hosts_.back());
    resolvers.shared.hosts = hosts_.back();
  }
  if (forward && forward->cacheSize > 0) {
    resolvers.cache = makeCache(resolvers, forward->cacheSize);
    caches.push_back(resolvers.cache);
  }
  if (forward) {
    resolvers.forwarder = makeForwarder(resolvers, *forward, configuration_);
    ForwardingClient made =
        makeClient(resolvers.forwarder, forward->denyRebinding, forward->privateDomains, resolvers.shared.hosts);
    resolvers.rebindingFilter = std::move(made.rebindingFilter);
    clients.push_back(std::move(made.client));
  }

  auto factory = std::make_unique<Factory>(std::move(authorities), std::move(caches), std::move(clients), verbose);
  if (configuration_.recursion) {
    factory->setRecursion(makeRecursion(resolvers));
    recursors_.add(shard, resolvers.recursor);
    factory->setRecursors(shard, recursors_);
  }
  factory->setHandlers(*resolvers.handlers);
  factory->setUdpPayloadSize(configuration_.server.udpSize);
  factory->setDnstap(resolvers.dnstap);
  if (isManaged_) factory->setTopQueries(std::make_unique<TopQueries>());
  factory->setQueryLog(configuration_.log.queries);
  liveSettings()->apply(*factory, resolvers);
  resolvers.shared.recursion = factory->recursion();
  caches_.add(shard);
  startViews(*factory);
  return factory;
}

std::unique_ptr<LiveSettings> Daemon::liveSettings() const {
  const DescriptorShares shares{descriptors_.connections, forwardsOfEach(configuration_)};
  const auto isReady = [this] { return state_.readiness() == Readiness::ready; };
  auto live = std::make_unique<LiveSettings>(configuration_, hostName_, secrets_, rateLimitAccounts_, transfers_,
                                             shares, isReady);
  live->setOnNotify(onNotify());
  live->setUpdate(onUpdate());
  return live;
}

// The log of the first shard speaks for all: they write to the same socket.
std::shared_ptr<Dnstap> Daemon::makeDnstap(Shard& shard) const {
  if (configuration_.dnstap.socket.empty()) return nullptr;
  DnstapSocket socket;
  socket.path = configuration_.dnstap.socket;
  socket.logs = resolvers_.size() == 1;
  return std::make_shared<Dnstap>(shard, std::move(socket));
}

std::shared_ptr<Forwarder> Daemon::makeForwarder(const ShardResolvers& resolvers,
                                                 const config::ForwardSettings& forward,
                                                 const Configuration& configuration) const {
  using namespace std::chrono_literals;
  ForwarderOptions forwarder;
  forwarder.defaultTimeouts = {1s, 3s, 5s};
  forwarder.tcpTimeout = 4s;
  forwarder.deadline = LiveSettings::forwarderDeadline(configuration);
  forwarder.servers = forward.servers;
  forwarder.resolvConf = forward.resolvConf;
  forwarder.maxInFlight = forwardsOfEach(configuration);
  forwarder.dnstap = resolvers.dnstap;
  return std::make_shared<Forwarder>(*resolvers.shard, std::move(forwarder));
}

std::shared_ptr<Recursor> Daemon::makeRecursor(const ShardResolvers& resolvers) const {
  RecursorOptions options = configuration_.recursion->options;
  options.hints = recursionFiles_.hints;
  options.anchors = recursionFiles_.anchors;
  options.deadline = std::min(options.deadline, LiveSettings::forwarderDeadline(configuration_));
  options.cacheBytes /= server_.shardCount();
  options.maxInFlight = forwardsOfEach(configuration_);
  options.dnstap = resolvers.dnstap;
  options.peers = recursorPeers_;
  return std::make_shared<Recursor>(*resolvers.shard, std::move(options));
}

// What is local costs a name of the Internet a look at its last label, and is behind the access list.
std::shared_ptr<RecursiveService> Daemon::makeRecursion(ShardResolvers& resolvers) {
  const config::RecursionSettings& recursion = *configuration_.recursion;
  resolvers.recursor = makeRecursor(resolvers);
  resolvers.recursor->setLocalRoot(rootCopy_.update(*zoneSet_));
  ForwardingClient made =
      makeClient(resolvers.recursor, recursion.denyRebinding, recursion.privateDomains, resolvers.shared.hosts);
  resolvers.rebindingFilter = std::move(made.rebindingFilter);
  // There without policies too, so that a reload can add the first one.
  resolvers.policy = std::make_shared<ResponsePolicy>(std::move(made.client), policies_.update(*zoneSet_));
  made.client = resolvers.policy;
  if (recursion.dns64) made.client = std::make_shared<Dns64>(std::move(made.client), Dns64Options{*recursion.dns64});
  std::vector<std::shared_ptr<Resolver>> asked;
  if (recursion.localZones) asked.push_back(std::make_shared<LocalZones>(namesOf(recursion.options.zones)));
  asked.push_back(std::move(made.client));
  return std::make_shared<RecursiveService>(std::move(asked));
}

// `size` is that of all shards.
std::shared_ptr<Cache> Daemon::makeCache(const ShardResolvers& resolvers, std::size_t size) const {
  CacheOptions options;
  options.verbose = configuration_.log.verbose;
  return std::make_shared<Cache>(size / server_.shardCount(), resolvers.shard->turnClock(), options);
}

void Daemon::startLoaders() {
  logStart(configuration_, engine_);
  logSandbox(sandbox_ ? sandbox_->description() : std::string(), configuration_.sandbox);
  zones_.logZones();
  logSources(configuration_);
  zoneSet_.reset();  // each shard has it now, and gives it up for the next one
  if (predecessor_) predecessor_->takeOver();
  ownArchive();
  if (recursionFiles_.anchorState)
    recursors_.followTrustAnchors(
        *recursionFiles_.anchorState, configuration_.recursion->trustAnchorState,
        [this](const std::shared_ptr<const TrustAnchors>& anchors) { rootCopy_.setAnchors(anchors); });
  memberWork_.emplace();
  loader_.emplace(zones_, [this](const ZonePublication& publication) { publishZones(publication); });
  startUpkeep();
  if (hostsFile_) startHostsLoader();
  reload_.emplace([this](const ReloadOrder& order, const Reloaded& done) { reloadConfiguration(order, done); });
  running_ = true;
  if (predecessor_) followPredecessor();
  storeSockets();
  server_.drainGiven();
  if (configuration_.zoneLists.empty() || predecessor_)
    becomeReady();
  else
    loader_->request([this](const ZoneReload&) { becomeReady(); });
}

void Daemon::startHostsLoader() {
  hostsLoader_.emplace(*hostsFile_,
                       [this](std::shared_ptr<const HostsTable> table) { publishHosts(std::move(table)); });
}

void Daemon::publishHosts(std::shared_ptr<const HostsTable> table) {
  server_.post([this, table = std::move(table)](std::size_t shard, ServerFactory&) {
    hosts_[shard]->replace(table);
    resolvers_[shard].views.replaceHosts(*hosts_[shard]);
  });
}

bool Daemon::isResponsive() {
  constexpr std::chrono::seconds limit{10};
  return !running_ || server_.isResponsive(limit);
}

void Daemon::stop() {
  ::kill(::getpid(), SIGTERM);
}

bool Daemon::isRunning(const Reloaded& done) const {
  if (!running_) refuseReload("the server is still starting", done);
  return running_;
}

void Daemon::refuseReload(std::string_view reason, const Reloaded& done) {
  ReloadReport report;
  report.refused = "nothing has changed";
  report.zones.addError(reason);
  log::error("{}: {}", reason, report.refused);
  if (done) done(report);
}

// What tells of zones that have been loaded, with the warnings of a configuration that was taken over before.
ZoneLoader::Done Daemon::reportTo(const Reloaded& done, std::vector<std::string> warnings) {
  if (!done) return {};
  return [done, warnings = std::move(warnings)](const ZoneReload& zones) { done({zones, warnings, {}}); };
}

void Daemon::reload(const ReloadOrder& order, Reloaded done) {
  if (!isRunning(done)) return;
  if (order.what == ReloadOrder::What::zones)
    loader_->request(reportTo(announced(std::move(done))), order.reread);
  else
    reload_->request(order, std::move(done));
}

void Daemon::reloadZone(const Name& origin, const std::string& view, Reloaded done) {
  if (!isRunning(done)) return;
  if (view.empty()) upkeep_->refresh(origin, false);  // what is new of a secondary zone is not in its file
  loader_->requestZone(origin, reportTo(done), view);
}

// Views that forward have caches beside the recursors.
void Daemon::flushCache(const Name& name, bool tree, std::function<void(std::size_t)> done) {
  if (!recursors_.any()) return caches_.flush(name, tree, std::move(done));
  recursors_.flush(name, tree, [this, name, tree, done = std::move(done)](std::size_t ofRecursors) {
    caches_.flush(name, tree, [ofRecursors, done](std::size_t ofCaches) { done(ofRecursors + ofCaches); });
  });
}

void Daemon::showCache(const Name& name, std::function<void(std::vector<ShownAnswer>)> done) {
  if (!recursors_.any()) return caches_.show(name, std::move(done));
  recursors_.show(name, [this, name, done = std::move(done)](std::vector<ShownAnswer> ofRecursors) {
    caches_.show(name, [ofRecursors = std::move(ofRecursors), done](std::vector<ShownAnswer> answers) {
      answers.insert(answers.begin(), ofRecursors.begin(), ofRecursors.end());
      done(std::move(answers));
    });
  });
}

void Daemon::addNegativeTrustAnchor(const Name& name, std::optional<std::chrono::seconds> lifetime,
                                    std::function<void(bool)> done) {
  recursors_.addNegativeTrustAnchor(name, lifetime.value_or(NegativeTrustAnchors::defaultLifetime), std::move(done));
}

int Daemon::run() {
  const auto started = [this] {
    try {
      startLoaders();
    } catch (const std::system_error& error) {
      throw std::system_error(error.code(), "a thread that loads files cannot be started");
    }
  };
  const auto ending = [this] {
    state_.ends();
    manager_.stopping();
    if (handedOver_) {
      server_.stop();  // first: who has no zones any more takes no updates of them
      giveUpZones();
    }
    return handedOver_ ? std::chrono::milliseconds(0) : drain_.load();
  };
  const int status = server_.run([this] { reload_->request({}); }, started, ending);
  if (status != 0 && predecessor_) predecessor_->failed(server_.startFailure());
  if (reload_) reload_->stop();
  if (memberWork_) memberWork_->stop();
  management_->stop();
  giveUpZones();
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
