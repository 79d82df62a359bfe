// How a running server takes another configuration: all of it or, where there is a mistake, nothing.
#include <algorithm>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cage.hpp"
#include "daemon.hpp"
#include "descriptors.hpp"
#include "file_errors.hpp"
#include "live_settings.hpp"
#include "named_files.hpp"
#include "shown_configuration.hpp"
#include "start_report.hpp"
#include "taut/base/log.hpp"
#include "taut/base/quoted.hpp"
#include "taut/base/reason.hpp"
#include "taut/base/text.hpp"
#include "taut/base/units.hpp"
#include "taut/net/listen_error.hpp"
#include "taut/server/zone_rates.hpp"
#include "taut/zones/zone_list.hpp"

namespace taut {

namespace {

using config::Configuration;
using config::EffectiveValue;
using config::ValueChange;

// Of a mistake the operator hears in the log, and whoever asked for the reload in the report.
class Refusal final : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A line for each.
std::string textOf(const config::Mistakes& mistakes) {
  std::string text;
  for (const config::Mistake& mistake : mistakes) text.append(text.empty() ? "" : "\n").append(mistake.toText());
  return text;
}

bool deniesRebinding(const Configuration& configuration) {
  return (configuration.forward && configuration.forward->denyRebinding) ||
         (configuration.recursion && configuration.recursion->denyRebinding);
}

bool sameKindOfRecursion(const Configuration& now, const Configuration& next) {
  return now.forward.has_value() == next.forward.has_value() && now.recursion.has_value() == next.recursion.has_value();
}

// Resolvers are made at the start: one that is not there then, or is not wanted any more, needs another start.
bool needsRestart(const ValueChange& change, const Configuration& now, const Configuration& next) {
  const std::string_view path = change.either().path;
  if (change.either().needsRestart()) return true;
  if (path.ends_with(".private-domains") && !path.starts_with("view[") && deniesRebinding(now) != deniesRebinding(next))
    return true;
  if (path.starts_with("forward.") && now.recursion) return true;
  if (path.starts_with("forward.") || path.starts_with("recursion.")) return !sameKindOfRecursion(now, next);
  return path == "hosts-file" && now.hostsFile.empty() != next.hostsFile.empty();
}

// The files that forwarders follow.
std::set<std::string> followedBy(const Configuration& configuration) {
  std::set<std::string> files;
  if (configuration.forward) files.insert(configuration.forward->resolvConf);
  for (const config::ViewSettings& view : configuration.views)
    if (view.forward) files.insert(view.forward->resolvConf);
  files.erase("");
  return files;
}

// Those that wait for a restart are warnings, for the log and for the report.
void logChange(const ValueChange& change, bool waits, std::vector<std::string>& warnings) {
  const EffectiveValue& value = change.either();
  const std::string now = change.after ? fmt::format("{} = {}", value.path, value.text) : value.path + " is not given";
  const std::string before = change.before ? change.before->text : "not given";
  if (waits)
    warnings.push_back(fmt::format("{}: {} needs a restart; until then it is {}", value.origin.toText(), now, before));
  else
    log::info("{}: {}, was {}", value.origin.toText(), now, before);
}

// Runs what listens on these addresses. What it throws of one of them begins with the place of that one.
template <typename Function>
void listenOn(const std::vector<config::ListenAddress>& addresses, const Function& function) {
  try {
    function();
  } catch (const ListenError& error) {
    const auto found = std::ranges::find(addresses, error.address(), &config::ListenAddress::address);
    if (found == addresses.end() || found->origin.kind() == config::Origin::Kind::preset) throw;
    throw Refusal(fmt::format("{}: {}", found->origin.toText(), error.what()));
  }
}

// Takes what holds still into the values of the next configuration.
void keep(std::vector<EffectiveValue>& values, const ValueChange& change) {
  const auto found = std::ranges::find(values, change.either().path, &EffectiveValue::path);
  if (!change.before)
    values.erase(found);
  else if (found != values.end())
    *found = *change.before;
  else
    values.push_back(*change.before);
}

void keepParts(config::RecursionSettings& next, const config::RecursionSettings& now) {
  next.options = now.options;
  next.rootHints = now.rootHints;
  next.trustAnchorState = now.trustAnchorState;
  next.trustAnchors = now.trustAnchors;
  next.validates = now.validates;
  next.localZones = now.localZones;
  next.dns64 = now.dns64;
  if (next.denyRebinding == now.denyRebinding) return;
  next.denyRebinding = now.denyRebinding;
  next.privateDomains = now.privateDomains;
}

// Takes what holds still into the next configuration itself.
void keepParts(Configuration& next, const Configuration& now) {
  next.user = now.user;
  next.sandbox = now.sandbox;
  next.server.freebind = now.server.freebind;
  next.server.threads = now.server.threads;
  next.server.engine = now.server.engine;
  next.server.udpSize = now.server.udpSize;
  next.server.control = now.server.control;
  next.server.stateFolder = now.server.stateFolder;
  next.log.verbose = now.log.verbose;
  next.dnstap.socket = now.dnstap.socket;
  if (next.hostsFile.empty() != now.hostsFile.empty()) next.hostsFile = now.hostsFile;
  if (!sameKindOfRecursion(now, next)) {
    next.forward = now.forward;
    next.recursion = now.recursion;
  }
  if (next.recursion) keepParts(*next.recursion, *now.recursion);
  config::setServedZones(next);
  if (!next.forward) return;
  next.forward->cacheSize = now.forward->cacheSize;
  if (next.forward->denyRebinding == now.forward->denyRebinding) return;
  next.forward->denyRebinding = now.forward->denyRebinding;
  next.forward->privateDomains = now.forward->privateDomains;
}

bool sameCookies(const Configuration& now, const Configuration& next) {
  return next.server.cookies == now.server.cookies && next.server.cookieSecrets == now.server.cookieSecrets;
}

ShownChange shown(const ValueChange& change, bool waits) {
  ShownChange result;
  if (change.before) result.before = taut::shown(*change.before);
  if (change.after) result.after = taut::shown(*change.after);
  result.needsRestart = waits;
  return result;
}

// A zone as a value: its file, by its name, or by its file where that says the name.
std::optional<ShownValue> shownFile(const config::ZoneSettings& zone) {
  if (zone.path.empty()) return std::nullopt;
  const std::string& name = zone.name.empty() ? zone.path : zone.name;
  return ShownValue{fmt::format("zone[{}].file", name), quotedForFile(zone.path), taut::quoted(zone.path),
                    zone.origin.toText()};
}

// Its limit; nothing where it has none of its own.
std::optional<ShownValue> shownLimit(const config::ZoneSettings& zone) {
  if (!zone.rateLimit) return std::nullopt;
  const std::string limit = std::to_string(*zone.rateLimit);
  return ShownValue{fmt::format("zone[{}].rate-limit", zone.name), limit, limit, zone.origin.toText()};
}

// Who may transfer it; nothing for nobody.
std::optional<ShownValue> shownTransfer(const config::ZoneSettings& zone) {
  if (!zone.allowTransfer) return std::nullopt;
  const std::string& text = zone.allowTransfer->text;
  return ShownValue{fmt::format("zone[{}].allow-transfer", zone.name), text, text, zone.origin.toText()};
}
std::optional<ShownValue> shownJournal(const config::ZoneSettings& zone) {
  const std::string size = sizeText(static_cast<std::int64_t>(zone.journal));
  return ShownValue{fmt::format("zone[{}].journal", zone.name), quotedForFile(size), size, zone.origin.toText()};
}
// Who may update it; nothing for nobody.
std::optional<ShownValue> shownUpdate(const config::ZoneSettings& zone) {
  if (!zone.allowUpdate) return std::nullopt;
  const std::string& text = zone.allowUpdate->text;
  return ShownValue{fmt::format("zone[{}].allow-update", zone.name), text, text, zone.origin.toText()};
}
std::string updateText(const config::ZoneSettings& zone) {
  return zone.allowUpdate ? zone.allowUpdate->text : std::string();
}
// Servers of it; nothing for none.
using Servers = std::shared_ptr<const config::RemoteList> config::ZoneSettings::*;
std::optional<ShownValue> shownServers(const config::ZoneSettings& zone, Servers servers, const char* key) {
  if (!(zone.*servers)) return std::nullopt;
  const std::string& text = (zone.*servers)->text;
  return ShownValue{fmt::format("zone[{}].{}", zone.name, key), text, text, zone.origin.toText()};
}
std::string serversText(const config::ZoneSettings& zone, Servers servers) {
  return zone.*servers ? (zone.*servers)->text : std::string();
}

std::string transferText(const config::ZoneSettings& zone) {
  return zone.allowTransfer ? zone.allowTransfer->text : std::string();
}

// Those that are there now and then, by what they are called.
class ZonesByName {
 public:
  explicit ZonesByName(const Configuration& configuration) {
    zones_.reserve(configuration.zones.size());
    for (const config::ZoneSettings& zone : configuration.zones) zones_.emplace(nameOf(zone), &zone);
  }
  const config::ZoneSettings* find(const config::ZoneSettings& zone) const {
    const auto found = zones_.find(nameOf(zone));
    return found == zones_.end() ? nullptr : found->second;
  }

 private:
  // A file that says its zone's name is no name.
  static std::string nameOf(const config::ZoneSettings& zone) {
    return zone.name.empty() ? '/' + zone.path : Name::parse(zone.name)->toLower().toString();
  }

  std::unordered_map<std::string, const config::ZoneSettings*> zones_;
};

void addZoneChanges(const Configuration& now, const Configuration& next, ConfigurationChanges& changes) {
  constexpr std::size_t maxShown = 1000;
  std::size_t count = 0;
  const auto addAs = [&](const auto& show, const config::ZoneSettings* before, const config::ZoneSettings* after) {
    ShownChange change;
    if (before) change.before = show(*before);
    if (after) change.after = show(*after);
    if ((change.before || change.after) && ++count <= maxShown) changes.changes.push_back(std::move(change));
  };
  const auto add = [&](const config::ZoneSettings* before, const config::ZoneSettings* after) {
    if (!before || !after || before->path != after->path) addAs(shownFile, before, after);
    if (!before || !after || before->rateLimit != after->rateLimit) addAs(shownLimit, before, after);
    if (!before || !after || transferText(*before) != transferText(*after)) addAs(shownTransfer, before, after);
    if (before && after && before->journal != after->journal) addAs(shownJournal, before, after);
    if (!before || !after || updateText(*before) != updateText(*after)) addAs(shownUpdate, before, after);
    for (const auto& [servers, key] :
         {std::pair(&config::ZoneSettings::primaries, "primaries"), std::pair(&config::ZoneSettings::notify, "notify")})
      if (!before || !after || serversText(*before, servers) != serversText(*after, servers))
        addAs([&](const config::ZoneSettings& zone) { return shownServers(zone, servers, key); }, before, after);
  };
  const ZonesByName before(now);
  const ZonesByName after(next);
  for (const config::ZoneSettings& zone : next.zones) {
    add(before.find(zone), &zone);
  }
  for (const config::ZoneSettings& zone : now.zones)
    if (!after.find(zone)) add(&zone, nullptr);
  changes.more = count - std::min(count, maxShown);
}

bool sameTransfers(const config::ZoneList& now, const config::ZoneList& next) {
  return std::ranges::equal(now, next, [](const auto& left, const auto& right) {
    if (!left.allowTransfer || !right.allowTransfer) return left.allowTransfer == right.allowTransfer;
    return left.name == right.name && left.allowTransfer->clients == right.allowTransfer->clients;
  });
}

// Who may transfer zones; another order of zones may count as a change.
bool sameTransfers(const Configuration& now, const Configuration& next) {
  return sameTransfers(now.zones, next.zones) &&
         std::ranges::equal(now.views, next.views, [](const auto& left, const auto& right) {
           return left.name == right.name && sameTransfers(left.zones, right.zones);
         });
}

bool sameZoneRates(const Configuration& now, const Configuration& next) {
  const auto ratesOf = [](const Configuration& configuration) {
    return configuration.rateLimit && configuration.rateLimit->zones ? *configuration.rateLimit->zones : ZoneRates();
  };
  return ratesOf(now) == ratesOf(next);
}

bool sameZones(const config::ZoneList& now, const config::ZoneList& next) {
  return std::ranges::equal(now, next, [](const auto& left, const auto& right) { return left.hasSameSource(right); });
}

// The order of views is the same to their zones.
bool sameZones(const Configuration& now, const Configuration& next) {
  const auto hasSame = [&next](const config::ViewSettings& view) {
    const auto found = std::ranges::find(next.views, view.name, &config::ViewSettings::name);
    return found == next.views.end() ? view.zones.empty() : sameZones(view.zones, found->zones);
  };
  const auto isNew = [&now](const config::ViewSettings& view) {
    return std::ranges::find(now.views, view.name, &config::ViewSettings::name) == now.views.end();
  };
  return now.zoneLists == next.zoneLists && sameZones(now.zones, next.zones) &&
         std::ranges::all_of(now.views, hasSame) &&
         std::ranges::none_of(next.views, [&isNew](const auto& view) { return isNew(view) && !view.zones.empty(); });
}

}  // namespace

// What can fail comes first, and changes nothing.
Configuration Daemon::readConfiguration() const {
  auto loaded = config::load(sources_);
  if (!loaded) throw Refusal(textOf(loaded.error()));
  Configuration next = completed(std::move(loaded).value());
  if (const config::Mistakes outside = filesOutside(next); !outside.empty()) throw Refusal(textOf(outside));
  if (sandbox_)
    if (const config::Mistakes unwritable = filesNotWritable(next, writtenFolders_); !unwritable.empty())
      throw Refusal(textOf(unwritable));
  FileErrors errors;
  if (next.hostsFile != configuration_.hostsFile)
    errors.collect([&] { requireReadable(next.hostsFile, HostsFile::maxSize); });
  const std::set<std::string> followed = followedBy(configuration_);
  for (const std::string& file : followedBy(next))
    if (!followed.contains(file)) errors.collect([&] { requireReadable(file, ResolvConfFile::maxFileSize); });
  for (const std::string& list : next.zoneLists)
    if (std::ranges::find(configuration_.zoneLists, list) == configuration_.zoneLists.end())
      errors.collect([&] { readZoneList(list); });
  errors.throwAny();
  return next;
}

// A random secret stays as long as it may.
std::shared_ptr<const ServerCookies> Daemon::cookiesOf(const Configuration& next) const {
  const config::ServerSettings& now = configuration_.server;
  const bool same = sameCookies(configuration_, next);
  if (same && now.cookieSecrets.empty()) return secrets_.cookies;
  auto cookies = makeCookies(next);
  if (same) log::info("{} is read again", now.cookieSecrets);
  return cookies;
}

void Daemon::reloadConfiguration(const ReloadOrder& order, const Reloaded& reported) {
  ReloadReport report;
  bool taken = false;  // some of the next configuration, or all of it
  const Reloaded done = announced(reported);
  std::unique_lock lock(reloading_);
  if (upgrading_) return refuseReload("the server is being upgraded", done);
  try {
    Next next = prepare();
    replaceListeners(next.configuration);
    taken = true;
    takeOver(std::move(next), order, done);
    return;
  } catch (const std::exception& error) {
    ++reloads_.failed;
    reloads_.lastSucceeded = false;
    const std::string reasons = reasonOf(error);
    for (std::string_view rest = reasons; !rest.empty();) {
      const std::string_view reason = takeLine(rest);
      log::error("{}", reason);
      report.zones.addError(reason);
    }
  }
  lock.unlock();
  report.refused =
      taken ? "not all of the configuration was taken over" : "the configuration has mistakes: nothing has changed";
  log::error("{}", report.refused);
  if (done) done(report);
}

// Without the zones of lists, which the files of a configuration do not name.
ConfigurationChanges Daemon::compareConfiguration() {
  ConfigurationChanges changes;
  const std::scoped_lock lock(reloading_);
  try {
    const Configuration next = readConfiguration();
    makeCookies(next);
    makeKeys(next);
    requireLoadable(next.handlers);
    FileErrors errors;
    requireHandlers(next.handlers, errors);
    errors.throwAny();
    for (const ValueChange& change : config::differences(configuration_.values, next.values))
      changes.changes.push_back(shown(change, needsRestart(change, configuration_, next)));
    addZoneChanges(configuration_, next, changes);
  } catch (const std::exception& error) {
    const std::string reasons = reasonOf(error);
    for (std::string_view rest = reasons; !rest.empty();) changes.errors.emplace_back(takeLine(rest));
  }
  return changes;
}

// Makes what may fail to be made, and changes nothing.
Daemon::Next Daemon::prepare() {
  Next next;
  Configuration& configuration = next.configuration;
  configuration = readConfiguration();
  next.secrets = {cookiesOf(configuration), makeKeys(configuration)};
  next.accounts = rateLimitAccounts_;
  if (configuration.rateLimit && !next.accounts) next.accounts = std::make_shared<RateLimitTable>();
  const bool hostsMoved = takenInPart_ || configuration.hostsFile != configuration_.hostsFile;
  if (hostsMoved && hostsFile_ && !configuration.hostsFile.empty()) next.hosts.emplace(configuration.hostsFile);

  const std::vector<ValueChange> changes = config::differences(configuration_.values, configuration.values);
  next.zonesChanged = takenInPart_ || !sameZones(configuration_, configuration);
  next.limitChanged =
      takenInPart_ || !sameZoneRates(configuration_, configuration) ||
      std::ranges::any_of(changes, [](const ValueChange& change) {
        return change.either().path.starts_with("rate-limit.") || change.either().path.starts_with("acl.");
      });
  for (const ValueChange& change : changes) {
    const bool waits = needsRestart(change, configuration_, configuration);
    next.changes.push_back({change, waits});
    if (waits) keep(configuration.values, change);
  }
  keepParts(configuration, configuration_);
  const bool sharesChanged = takenInPart_ ||
                             configuration.limits.tcpConnections != configuration_.limits.tcpConnections ||
                             configuration.listen.size() != configuration_.listen.size() ||
                             (countForwarders(configuration) > 0) != (countForwarders(configuration_) > 0);
  next.descriptors = sharesChanged ? sharesFor(configuration) : descriptors_;
  const bool handlersComeOrGo = configuration.handlers.empty() != configuration_.handlers.empty();
  if (!configuration.views.empty() || !configuration_.views.empty() || handlersComeOrGo || takenInPart_)
    next.views = makeViews(configuration);
  openHttp(next);
  startHandlers(next);
  return next;
}

void Daemon::openHttp(Next& next) {
  listenOn(next.configuration.http.listen,
           [&] { next.http = management_->openHttp(config::addressesOf(next.configuration.http.listen)); });
}

// Of those that are new; last, since what they begin goes on.
void Daemon::startHandlers(Next& next) {
  const std::vector<config::HandlerSettings>& wanted = next.configuration.handlers;
  requireLoadable(wanted);
  std::vector<Shard*> shards;
  for (const ShardResolvers& resolvers : resolvers_) shards.push_back(resolvers.shard);
  next.handlers = handlers_.next(wanted, shards);
  std::vector<Handlers> fresh(shards.size());
  bool any = false;
  for (std::size_t shard = 0; shard < shards.size(); ++shard) {
    const Handlers now = handlersOf(handlers_.table(), shard);
    for (const auto& handler : handlersOf(next.handlers, shard))
      if (std::ranges::find(now, handler) == now.end()) fresh[shard].push_back(handler);
    any = any || !fresh[shard].empty();
  }
  if (any) next.fresh = std::make_unique<FreshHandlers>(server_, resolvers_, std::move(fresh));
}

void Daemon::requireLoadable(const std::vector<config::HandlerSettings>& handlers) const {
  if (loadsCode_ || handlers.empty()) return;
  throw Refusal(
      fmt::format("{}: the sandbox lets no handler be loaded where there was none at the start; it needs a "
                  "restart or tautctl upgrade",
                  handlers.front().label()));
}

// Those that are gone answer the queries that they have.
void Daemon::takeOverHandlers(Next& next) {
  if (handlers_.table().empty() && next.handlers.empty()) return;
  const Handlers now = handlersOf(handlers_.table(), 0);
  for (const LoadedHandler& handler : next.handlers)
    if (std::ranges::find(now, handler.running.front()) == now.end()) logHandler(handler.settings);
  std::vector<Handlers> handlers;
  for (std::size_t shard = 0; shard < resolvers_.size(); ++shard) handlers.push_back(handlersOf(next.handlers, shard));
  server_.post([this, handlers = std::move(handlers)](std::size_t shard, ServerFactory&) {
    resolvers_[shard].handlers->replace(handlers[shard]);
  });
  if (next.fresh) next.fresh->takenOver();
  handlers_.replace(std::move(next.handlers));
}

// All or nothing, and after all else that a mistake of the operator can keep from being taken over.
void Daemon::replaceListeners(const Configuration& next) {
  const std::vector<Address> addresses = config::addressesOf(next.listen);
  if (!takenInPart_ && addresses == config::addressesOf(configuration_.listen)) return;
  listenOn(next.listen, [&] { server_.replaceListeners(addresses); });
}

// A copy of what reports is given away last of all, so that a failure can still be reported. The reload after a failure
// takes everything for changed.
void Daemon::takeOver(Next next, const ReloadOrder& order, const Reloaded& reported) {
  takenInPart_ = true;
  std::vector<std::string> warnings;
  for (const Next::Change& change : next.changes) logChange(change.value, change.waits, warnings);
  if (!sameZoneRates(configuration_, next.configuration)) log::info("the rate limits of zones have changed");
  if (!sameTransfers(configuration_, next.configuration)) log::info("who may transfer zones has changed");
  for (const std::string& warning : warnings) log::warning("{}", warning);
  configuration_ = std::move(next.configuration);
  drain_ = configuration_.server.drain;
  shown_.set(configuration_);
  secrets_ = std::move(next.secrets);
  rateLimitAccounts_ = std::move(next.accounts);
  const auto served = state_.zones();
  catalogWatch_.follow(configuration_);
  members_.look(configuration_, *served);
  const MemberZones::Update members = members_.update(configuration_, *served);
  next.zonesChanged = next.zonesChanged || members.hasChanged;
  std::vector<ZoneInstall> catalogs = makeCatalogs(*served);
  plan_ = makePlan();
  setJournalSizes();
  transfers_ = makeTransfers();
  descriptors_ = next.descriptors;

  auto live = liveSettings();
  if (!next.limitChanged) live->keepRateLimit();
  server_.post([this, settings = std::shared_ptr<const LiveSettings>(std::move(live))](
                   std::size_t shard, ServerFactory& factory) { settings->apply(factory, resolvers_[shard]); });
  postQueryLog();
  takeOverHandlers(next);
  server_.setMaxConnections(descriptors_.connections);
  takeOverManagement(next);
  storeSockets();
  reloadForwarders();
  reloadPolicies(*served);
  reloadLocalRoot();
  reloadHosts(std::move(next.hosts));
  if (!next.zonesChanged) {
    upkeep_->replace(plan_, served);
    serveCatalogs(catalogs);
  }
  const Reloaded kept = next.zonesChanged ? thenKeepZones(std::move(catalogs), members.reset, reported) : reported;
  const Reloaded done = next.views.empty() ? kept : thenSetViews(std::move(next.views), kept);
  std::vector<ZoneSource> sources;
  if (next.zonesChanged) sources = zoneSources();
  // Counted before the loader has it, which may answer at once.
  ++reloads_.succeeded;
  reloads_.lastSucceeded = true;
  if (next.zonesChanged)
    loader_->replaceSources(std::move(sources), configuration_.zoneLists, reportTo(done, std::move(warnings)),
                            order.reread);
  else if (order.what == ReloadOrder::What::all)
    loader_->request(reportTo(done, std::move(warnings)), order.reread);
  else if (done)
    done({zonesAsTheyAre(), std::move(warnings), {}});
  takenInPart_ = false;
}

void Daemon::takeOverManagement(Next& next) {
  const bool begins = !management_->isStarted();
  if (begins && next.http.entries.empty()) return;
  if (begins) management_->start();
  management_->replaceHttp(std::move(next.http), configuration_.http.allow);
  if (begins)
    server_.post([](std::size_t, ServerFactory& factory) { factory.setTopQueries(std::make_unique<TopQueries>()); });
}

ZoneReload Daemon::zonesAsTheyAre() const {
  ZoneReload report;
  const auto count = [&report](const ZoneSet& set) {
    for (const auto& zone : set.zones()) {
      ++report.zones;
      if (!zone->isLoaded()) ++report.missing;
    }
  };
  const auto zones = state_.zones();
  count(*zones);
  for (const auto& view : zones->views()) count(*view);
  return report;
}

void Daemon::reloadForwarders() {
  for (const std::string& file : followedBy(configuration_)) log::info("{} is read again", file);
  server_.post([this](std::size_t shard, ServerFactory&) {
    if (resolvers_[shard].forwarder) resolvers_[shard].forwarder->reload();
    resolvers_[shard].views.reloadForwarders();
  });
}

void Daemon::reloadPolicies(const ZoneSet& zones) {
  policies_.set(configuration_, zones);
  if (!configuration_.recursion) return;
  server_.post([this, policies = policies_.update(zones)](std::size_t shard, ServerFactory&) {
    resolvers_[shard].policy->replace(policies);
  });
}

void Daemon::reloadLocalRoot() {
  rootCopy_.set(configuration_);
  if (!configuration_.recursion) return;
  const auto zones = state_.zones();
  server_.post([this, root = rootCopy_.update(*zones)](std::size_t shard, ServerFactory&) {
    resolvers_[shard].recursor->setLocalRoot(root);
  });
}

void Daemon::reloadHosts(std::optional<HostsFile> other) {
  if (other) {
    hostsLoader_.reset();
    hostsFile_.emplace(std::move(*other));
  }
  if (hostsLoader_) {
    hostsLoader_->request();
  } else if (hostsFile_) {
    publishHosts(hostsFile_->table());
    startHostsLoader();
  }
}

}  // namespace taut
