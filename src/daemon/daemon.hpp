// tautd: puts zones, hosts, cache and forwarding together as the configuration says.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cache_walks.hpp"
#include "config/configuration.hpp"
#include "descriptors.hpp"
#include "management/managed_server.hpp"
#include "management/management_thread.hpp"
#include "management/serving_state.hpp"
#include "taut/resolver/authority.hpp"
#include "taut/resolver/forwarder.hpp"
#include "taut/resolver/hosts.hpp"
#include "taut/resolver/hosts_file.hpp"
#include "taut/resolver/hosts_loader.hpp"
#include "taut/server/server.hpp"
#include "taut/zones/zone_loader.hpp"
#include "taut/zones/zone_store.hpp"

namespace taut {

class Daemon final : public ManagedServer {
 public:
  // Throws for a mistake that the operator has to mend.
  explicit Daemon(config::Configuration configuration);

  // Serves until it is asked to end; the exit status.
  int run();

 private:
  std::unique_ptr<ServerFactory> makeFactory(Shard& shard);
  std::shared_ptr<Resolver> makeForwarder(Shard& shard);
  std::shared_ptr<Resolver> makeChaos() const;
  EdnsSettings edns() const;
  const std::string& identity() const;
  void reloadCookies();
  void reloadForwarders();
  void startLoaders();
  void requestReload(Reloaded done);
  void startManagement();
  void publishZones(const std::shared_ptr<const ZoneSet>& zones);

  // For its management, on the management thread.
  ManagementSnapshot snapshot() override;
  Readiness readiness() override { return state_.readiness(); }
  bool isResponsive() override;
  void stop() override;
  void drain(bool on) override { state_.drain(on); }
  void reload(Reloaded done) override;
  void reloadZones(Reloaded done) override;
  void reloadZone(const Name& origin, Reloaded done) override;
  bool hasCache() const override { return running_ && !caches_.empty(); }
  void flushCache(const Name& name, bool tree, std::function<void(std::size_t)> done) override;
  void showCache(const Name& name, std::function<void(std::vector<ShownAnswer>)> done) override;
  bool isRunning(const Reloaded& done) const;

  const config::Configuration configuration_;
  DescriptorShares descriptors_;
  std::string hostName_;
  std::shared_ptr<const ServerCookies> cookies_;       // null: none
  std::shared_ptr<RateLimitTable> rateLimitAccounts_;  // of all shards; null without a limit
  ZoneStore zones_;
  std::optional<HostsFile> hostsFile_;
  std::shared_ptr<const ZoneSet> zoneSet_;               // what the shards start with; null when all have
  std::vector<std::shared_ptr<Authority>> authorities_;  // one for each shard, used on its thread alone
  std::vector<std::shared_ptr<Hosts>> hosts_;            // likewise; none without a hosts file
  std::vector<std::shared_ptr<Forwarder>> forwarders_;   // likewise; none where nothing is forwarded
  CacheWalks caches_;                                    // over the caches of all shards
  Server server_;
  std::optional<ZoneLoader> loader_;        // while the server runs, as is the next one
  std::optional<HostsLoader> hostsLoader_;  // none without a hosts file
  std::atomic<bool> running_ = false;       // all shards serve and the loaders are there
  std::mutex reloading_;
  ServingState state_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::unique_ptr<ManagementThread> management_;  // last: it uses all of the above; null: not wanted
};

}  // namespace taut
