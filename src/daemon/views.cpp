// How the daemon makes the views of its shards, at the start and at a reload.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "daemon.hpp"
#include "live_settings.hpp"

namespace taut {

using config::Configuration;
using config::ViewSettings;

// The descriptors for forwarding are for all chains together.
std::size_t Daemon::forwardsOfEach(const Configuration& configuration) const {
  return std::max<std::size_t>(1, descriptors_.forwards / std::max<std::size_t>(1, countForwarders(configuration)));
}

ShardView Daemon::makeView(const ShardResolvers& resolvers, const ViewSettings& view,
                           const Configuration& configuration) const {
  std::shared_ptr<Forwarder> forwarder;
  std::shared_ptr<Cache> cache;
  if (view.forward) forwarder = makeForwarder(resolvers, *view.forward, configuration);
  if (view.forward && view.forward->cacheSize > 0) cache = makeCache(resolvers, view.forward->cacheSize);
  SharedResolvers shared = resolvers.shared;
  if (configuration.handlers.empty()) shared.beforeZones = shared.afterZones = nullptr;
  return taut::makeView(view, shared, configuration_.recurses(), std::move(forwarder), std::move(cache));
}

// A chain that serves still is not made anew, so that its cache lives on. The first handler makes all anew, and so does
// doing without the last one, so that without handlers nothing is asked for them.
Daemon::ShardsOfViews Daemon::makeViews(const Configuration& next) const {
  ShardsOfViews made(resolvers_.size());
  for (const ViewSettings& view : next.views) {
    const auto there = std::ranges::find(configuration_.views, view.name, &ViewSettings::name);
    const bool stays = !takenInPart_ && there != configuration_.views.end() && haveSameChain(*there, view) &&
                       next.handlers.empty() == configuration_.handlers.empty();
    for (std::size_t shard = 0; shard < made.size(); ++shard)
      made[shard].push_back(stays ? std::nullopt : std::optional(makeView(resolvers_[shard], view, next)));
  }
  return made;
}

// Of the configuration as it holds.
Daemon::ViewChange Daemon::viewChange(ShardsOfViews made) const {
  ViewChange change;
  for (const ViewSettings& view : configuration_.views)
    change.settings.push_back({view.name, view.match, view.recursion, {}, view.forward});
  change.made = std::move(made);
  change.deadline = LiveSettings::forwarderDeadline(configuration_);
  change.forwards = forwardsOfEach(configuration_);
  change.hasHandlers = !configuration_.handlers.empty();
  return change;
}

// The shard is the one that was made last.
void Daemon::startViews(ServerFactory& factory) {
  const std::size_t shard = resolvers_.size() - 1;
  ShardsOfViews made(resolvers_.size());
  for (const ViewSettings& view : configuration_.views)
    made[shard].emplace_back(makeView(resolvers_[shard], view, configuration_));
  ViewChange change = viewChange(std::move(made));
  setViews(shard, factory, change);
}

// On the shard's thread.
void Daemon::setViews(std::size_t shard, ServerFactory& factory, ViewChange& change) {
  ShardResolvers& resolvers = resolvers_[shard];
  ShardViews& views = resolvers.views;
  views.replace(change.settings, std::move(change.made[shard]));
  views.serve({state_.zones()});
  if (resolvers.shared.hosts) views.replaceHosts(*resolvers.shared.hosts);
  views.setForwarding(change.deadline, change.forwards);
  if (resolvers.forwarder) resolvers.forwarder->setMaxInFlight(change.forwards);
  if (change.hasHandlers != (views.viewOfAll() != nullptr))
    views.setViewOfAll(change.hasHandlers ? makeViewOfAll(resolvers.shared, factory.recursionAvailable()) : nullptr);
  views.setRules(change.settings, factory);
  std::vector<CacheWalks::NamedCache> caches;
  if (resolvers.cache) caches.push_back({{}, resolvers.cache});
  views.addCaches(caches);
  caches_.setCaches(shard, std::move(caches));
}

// Clients see a view when its zones are there: it comes after all zones have been loaded.
Daemon::Reloaded Daemon::thenSetViews(ShardsOfViews made, Reloaded done) {
  const auto change = std::make_shared<ViewChange>(viewChange(std::move(made)));
  return [this, change, done = std::move(done)](const ReloadReport& report) {
    server_.post([this, change](std::size_t shard, ServerFactory& factory) { setViews(shard, factory, *change); });
    if (done) done(report);
  };
}

}  // namespace taut
