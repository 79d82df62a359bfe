// The views of one shard, as the configuration has them. A view is made on any thread, and used on the shard's.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cache_walks.hpp"
#include "config/configuration.hpp"
#include "taut/dns/name.hpp"
#include "taut/resolver/authority.hpp"
#include "taut/resolver/cache.hpp"
#include "taut/resolver/chaos.hpp"
#include "taut/resolver/forwarder.hpp"
#include "taut/resolver/hosts.hpp"
#include "taut/resolver/rebinding_filter.hpp"
#include "taut/resolver/recursive_service.hpp"
#include "taut/resolver/resolver.hpp"
#include "taut/resolver/view.hpp"
#include "taut/server/server_factory.hpp"
#include "taut/zone/zone_set.hpp"

namespace taut {

// Asks what is asked for answers of other servers: a forwarder or a recursor. `privateDomains` may have private
// addresses where rebinding is denied.
struct ForwardingClient {
  std::shared_ptr<Resolver> client;
  std::shared_ptr<RebindingFilter> rebindingFilter;  // null: none
};
ForwardingClient makeClient(std::shared_ptr<Resolver> asked, bool denyRebinding,
                            const std::vector<Name>& privateDomains, const std::shared_ptr<Hosts>& hosts);

// What all clients of the shard share, those with a view too; null where there is none.
struct SharedResolvers {
  std::shared_ptr<Authority> authority;   // of the zones that no view has to itself
  std::shared_ptr<Resolver> beforeZones;  // loaded handlers, whichever there are at the time
  std::shared_ptr<Resolver> afterZones;   // likewise
  std::shared_ptr<Chaos> chaos;
  std::shared_ptr<Hosts> hosts;
  std::shared_ptr<RecursiveService> recursion;
};

// One view with its chain. Resolvers of its own are null where it has none.
struct ShardView {
  std::string name;
  std::shared_ptr<View> chain;
  std::shared_ptr<Authority> authority;  // never null
  std::shared_ptr<Hosts> hosts;          // of the shared one's table
  std::shared_ptr<Cache> cache;
  std::shared_ptr<Forwarder> forwarder;
  std::shared_ptr<RebindingFilter> rebindingFilter;
  std::shared_ptr<RecursiveService> recursion;
};

// `recursionAvailable` is whether those that have no view may have their questions forwarded. The forwarder is null for
// a view that has no forwarding of its own, and the cache for one without a cache.
ShardView makeView(const config::ViewSettings& settings, const SharedResolvers& shared, bool recursionAvailable,
                   std::shared_ptr<Forwarder> forwarder, std::shared_ptr<Cache> cache);

// The chain of the clients that no view matches, where there are loaded handlers: what they have without, and these.
// All of it is shared.
std::shared_ptr<View> makeViewOfAll(const SharedResolvers& shared, bool recursionAvailable);

// Whether the chain of a view serves for the same view with other settings, which then need not be made anew.
bool haveSameChain(const config::ViewSettings& left, const config::ViewSettings& right);

class ShardViews {
 public:
  // Has these views from now on, in this order. `made` has a place for each of them; nothing there: the view of this
  // name, as it is.
  void replace(const std::vector<config::ViewSettings>& settings, std::vector<std::optional<ShardView>> made);
  // The chain of the clients that no view matches; null, as at first: that of the factory.
  void setViewOfAll(std::shared_ptr<View> view) { ofAll_ = std::move(view); }
  const std::shared_ptr<View>& viewOfAll() const { return ofAll_; }
  // Has the factory answer by them.
  void setRules(const std::vector<config::ViewSettings>& settings, ServerFactory& factory) const;
  void serve(const ZonePublication& publication);
  void replaceHosts(const Hosts& hosts);
  void setForwarding(std::chrono::milliseconds deadline, std::size_t maxInFlight);
  void reloadForwarders();

  void addCaches(std::vector<CacheWalks::NamedCache>& caches) const;

 private:
  std::vector<ShardView> views_;
  std::shared_ptr<View> ofAll_;
};

}  // namespace taut
