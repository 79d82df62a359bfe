#include "shard_views.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "taut/resolver/hosts_client.hpp"
#include "taut/resolver/hosts_table.hpp"

namespace taut {

ForwardingClient makeClient(std::shared_ptr<Resolver> asked, bool denyRebinding,
                            const std::vector<Name>& privateDomains, const std::shared_ptr<Hosts>& hosts) {
  ForwardingClient made;
  made.client = std::move(asked);
  if (denyRebinding) {
    made.rebindingFilter = std::make_shared<RebindingFilter>(std::move(made.client), privateDomains);
    made.client = made.rebindingFilter;
  }
  if (hosts) made.client = std::make_shared<HostsClient>(hosts, std::move(made.client));
  return made;
}

namespace {

// What the hosts file does not say depends on whether another resolver follows. The table comes when the view is
// there.
std::shared_ptr<Hosts> hostsFor(const SharedResolvers& shared, bool recursionAvailable, bool sharedRecursion) {
  if (!shared.hosts || recursionAvailable == sharedRecursion) return nullptr;
  const auto other = recursionAvailable ? Hosts::OtherTypes::nextResolver : Hosts::OtherTypes::noData;
  return std::make_shared<Hosts>(HostsTable::parse({}, {}), other);
}

void addForwarding(ShardView& view, const config::ForwardSettings& settings, const std::shared_ptr<Hosts>& hosts) {
  ForwardingClient made = makeClient(view.forwarder, settings.denyRebinding, settings.privateDomains, hosts);
  view.rebindingFilter = std::move(made.rebindingFilter);
  RecursiveService::Caches caches;
  if (view.cache) caches.push_back(view.cache);
  view.recursion = std::make_shared<RecursiveService>(std::move(caches), std::vector{std::move(made.client)});
  view.chain->add(view.recursion);
}

}  // namespace

ShardView makeView(const config::ViewSettings& settings, const SharedResolvers& shared, bool recursionAvailable,
                   std::shared_ptr<Forwarder> forwarder, std::shared_ptr<Cache> cache) {
  const bool recursion = settings.recursion && (settings.forward || recursionAvailable);
  ShardView view;
  view.name = settings.name;
  view.chain = std::make_shared<View>(recursion, settings.name);
  view.authority = std::make_shared<Authority>(std::make_shared<const ZoneSet>(), settings.name);
  if (shared.beforeZones) view.chain->addShared(shared.beforeZones);
  view.chain->add(view.authority).addShared(shared.chaos);
  view.hosts = hostsFor(shared, recursion, recursionAvailable);
  const std::shared_ptr<Hosts>& hosts = view.hosts ? view.hosts : shared.hosts;
  if (view.hosts)
    view.chain->add(view.hosts);
  else if (hosts)
    view.chain->addShared(hosts);
  if (shared.afterZones) view.chain->addShared(shared.afterZones);
  view.forwarder = std::move(forwarder);
  view.cache = std::move(cache);
  if (settings.forward)
    addForwarding(view, *settings.forward, hosts);
  else if (settings.recursion && shared.recursion)
    view.chain->addShared(shared.recursion);
  return view;
}

std::shared_ptr<View> makeViewOfAll(const SharedResolvers& shared, bool recursionAvailable) {
  auto view = std::make_shared<View>(recursionAvailable);
  view->addShared(shared.beforeZones).addShared(shared.authority).addShared(shared.chaos);
  if (shared.hosts) view->addShared(shared.hosts);
  view->addShared(shared.afterZones);
  if (shared.recursion) view->addShared(shared.recursion);
  return view;
}

bool haveSameChain(const config::ViewSettings& left, const config::ViewSettings& right) {
  if (left.recursion != right.recursion || left.forward.has_value() != right.forward.has_value()) return false;
  return !left.forward || (left.forward->cacheSize == right.forward->cacheSize &&
                           left.forward->denyRebinding == right.forward->denyRebinding);
}

void ShardViews::replace(const std::vector<config::ViewSettings>& settings,
                         std::vector<std::optional<ShardView>> made) {
  std::vector<ShardView> next;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    if (made[i]) {
      next.push_back(std::move(*made[i]));
      continue;
    }
    const auto there = std::ranges::find(views_, settings[i].name, &ShardView::name);
    if (there == views_.end()) throw std::logic_error("there is no view " + settings[i].name);
    next.push_back(*there);
  }
  views_ = std::move(next);
}

void ShardViews::setRules(const std::vector<config::ViewSettings>& settings, ServerFactory& factory) const {
  std::vector<ViewRule> rules;
  for (std::size_t i = 0; i < views_.size(); ++i) {
    const ShardView& view = views_[i];
    rules.push_back({settings[i].match, view.chain});
    if (!view.forwarder) continue;
    const config::ForwardSettings& forward = *settings[i].forward;
    view.forwarder->setServers(forward.servers, forward.resolvConf);
    view.recursion->setAddressPolicy(forward.allow);
    if (view.rebindingFilter) view.rebindingFilter->setAllowedDomains(forward.privateDomains);
  }
  if (ofAll_) rules.push_back({AddressPolicy(), ofAll_});
  factory.setViews(std::move(rules));
}

void ShardViews::serve(const ZonePublication& publication) {
  for (const ShardView& view : views_) view.authority->serve(publication);
}

void ShardViews::replaceHosts(const Hosts& hosts) {
  for (const ShardView& view : views_)
    if (view.hosts) view.hosts->replaceByThatOf(hosts);
}

void ShardViews::setForwarding(std::chrono::milliseconds deadline, std::size_t maxInFlight) {
  for (const ShardView& view : views_) {
    if (!view.forwarder) continue;
    view.forwarder->setDeadline(deadline);
    view.forwarder->setMaxInFlight(maxInFlight);
  }
}

void ShardViews::reloadForwarders() {
  for (const ShardView& view : views_)
    if (view.forwarder) view.forwarder->reload();
}

void ShardViews::addCaches(std::vector<CacheWalks::NamedCache>& caches) const {
  for (const ShardView& view : views_)
    if (view.cache) caches.push_back({view.name, view.cache});
}

}  // namespace taut
