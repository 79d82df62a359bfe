// How a running server takes another configuration: all of it or, where there is a mistake, nothing.
#include <algorithm>
#include <cstddef>
#include <exception>
#include <mutex>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon.hpp"
#include "file_errors.hpp"
#include "live_settings.hpp"
#include "named_files.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/base/text.hpp"
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

// Resolvers are made at the start: one that is not there then, or is not wanted any more, needs another start.
bool needsRestart(const ValueChange& change, const Configuration& now, const Configuration& next) {
  const std::string_view path = change.either().path;
  if (change.either().needsRestart()) return true;
  if (path.starts_with("forward.")) return now.forward.has_value() != next.forward.has_value();
  return path == "hosts-file" && now.hostsFile.empty() != next.hostsFile.empty();
}

void logChange(const ValueChange& change, bool waits) {
  const EffectiveValue& value = change.either();
  const std::string now = change.after ? fmt::format("{} = {}", value.path, value.text) : value.path + " is not given";
  const std::string before = change.before ? change.before->text : "not given";
  if (waits)
    log::warning("{}: {} needs a restart; until then it is {}", value.origin.toText(), now, before);
  else
    log::info("{}: {}, was {}", value.origin.toText(), now, before);
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

bool sameZones(const Configuration& now, const Configuration& next) {
  return now.zoneLists == next.zoneLists &&
         std::ranges::equal(now.zones, next.zones, [](const auto& left, const auto& right) {
           return left.name == right.name && left.path == right.path;
         });
}

}  // namespace

// What can fail comes first, and changes nothing.
Configuration Daemon::readConfiguration() const {
  auto loaded = config::load(sources_);
  if (!loaded) {
    std::string text;
    for (const config::Mistake& mistake : loaded.error())
      text.append(text.empty() ? "" : "\n").append(mistake.toText());
    throw Refusal(text);
  }
  Configuration next = std::move(loaded).value();
  FileErrors errors;
  if (next.hostsFile != configuration_.hostsFile)
    errors.collect([&] { requireReadable(next.hostsFile, HostsFile::maxSize); });
  if (next.forward && (!configuration_.forward || next.forward->resolvConf != configuration_.forward->resolvConf))
    errors.collect([&] { requireReadable(next.forward->resolvConf, ResolvConfFile::maxFileSize); });
  for (const std::string& list : next.zoneLists)
    if (std::ranges::find(configuration_.zoneLists, list) == configuration_.zoneLists.end())
      errors.collect([&] { readZoneList(list); });
  errors.throwAny();
  return next;
}

// Other secrets than before have to be there; the same ones that have become wrong are served as they were.
std::shared_ptr<const ServerCookies> Daemon::cookiesOf(const Configuration& next) const {
  const config::ServerSettings& now = configuration_.server;
  const bool same = next.server.cookies == now.cookies && next.server.cookieSecrets == now.cookieSecrets;
  if (!same) return makeCookies(next.server);
  if (now.cookieSecrets.empty()) return cookies_;
  try {
    auto cookies = makeCookies(next.server);
    log::info("{} is read again", now.cookieSecrets);
    return cookies;
  } catch (const std::exception& error) {
    log::error("{}; cookies are made with the secret as before", reasonOf(error));
    return cookies_;
  }
}

void Daemon::requestReload(Reloaded done) {
  ZoneReload refused;
  std::unique_lock lock(reloading_);
  try {
    Configuration next = readConfiguration();
    cookies_ = cookiesOf(next);
    takeOver(std::move(next), std::move(done));
    ++reloads_.succeeded;
    reloads_.lastSucceeded = true;
    return;
  } catch (const std::exception& error) {
    ++reloads_.failed;
    reloads_.lastSucceeded = false;
    const std::string reasons = reasonOf(error);
    for (std::string_view rest = reasons; !rest.empty();) {
      const std::string_view reason = takeLine(rest);
      log::error("{}", reason);
      refused.addError(reason);
    }
  }
  lock.unlock();
  log::error("the configuration has mistakes: nothing has changed");
  if (done) done(refused);
}

void Daemon::takeOver(Configuration next, Reloaded done) {
  std::vector<ValueChange> changes = config::differences(configuration_.values, next.values);
  for (const ValueChange& change : changes) {
    const bool waits = needsRestart(change, configuration_, next);
    logChange(change, waits);
    if (waits) keep(next.values, change);
  }
  if (configuration_.forward.has_value() != next.forward.has_value()) next.forward = configuration_.forward;
  if (configuration_.hostsFile.empty() != next.hostsFile.empty()) next.hostsFile = configuration_.hostsFile;
  const bool hostsMoved = next.hostsFile != configuration_.hostsFile;
  const bool zonesChanged = !sameZones(configuration_, next);
  configuration_ = std::move(next);
  if (configuration_.rateLimit && !rateLimitAccounts_) rateLimitAccounts_ = std::make_shared<RateLimitTable>();

  auto live = liveSettings();
  const bool limited = std::ranges::any_of(changes, [](const ValueChange& change) {
    return change.either().path.starts_with("rate-limit.") || change.either().path.starts_with("acl.");
  });
  if (!limited) live->keepRateLimit();
  server_.post([this, settings = std::shared_ptr<const LiveSettings>(std::move(live))](
                   std::size_t shard, ServerFactory& factory) { settings->apply(factory, resolvers_[shard]); });
  reloadForwarders();
  if (hostsMoved)
    replaceHostsFile();
  else if (hostsLoader_)
    hostsLoader_->request();
  if (zonesChanged)
    loader_->replaceSources(zoneSourcesOf(configuration_), configuration_.zoneLists, std::move(done));
  else
    loader_->request(std::move(done));
}

void Daemon::reloadForwarders() {
  if (!configuration_.forward) return;
  if (!configuration_.forward->resolvConf.empty()) log::info("{} is read again", configuration_.forward->resolvConf);
  server_.post([this](std::size_t shard, ServerFactory&) { resolvers_[shard].forwarder->reload(); });
}

void Daemon::replaceHostsFile() {
  hostsLoader_.reset();
  hostsFile_.emplace(configuration_.hostsFile);
  publishHosts(hostsFile_->table());
  startHostsLoader();
}

}  // namespace taut
