// tautd: puts zones, hosts, cache and forwarding together as the configuration says.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/configuration.hpp"
#include "descriptors.hpp"
#include "management/managed_server.hpp"
#include "management/management_thread.hpp"
#include "management/serving_state.hpp"
#include "taut/resolver/authority.hpp"
#include "taut/resolver/forwarder.hpp"
#include "taut/resolver/hosts.hpp"
#include "taut/resolver/hosts_file.hpp"
#include "taut/server/server.hpp"
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
  void startManagement();
  void publishZones(const std::shared_ptr<const ZoneSet>& zones);

  // Of its management, on the management thread.
  ManagementSnapshot snapshot() override;

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
  Server server_;
  ServingState state_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::unique_ptr<ManagementThread> management_;  // last: it uses all of the above; null: not wanted
};

}  // namespace taut
