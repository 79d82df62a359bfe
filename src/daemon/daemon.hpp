// tautd: puts zones, hosts, cache and forwarding together as the configuration says.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cache_walks.hpp"
#include "catalog_watch.hpp"
#include "config/configuration.hpp"
#include "config/load.hpp"
#include "descriptors.hpp"
#include "fresh_handlers.hpp"
#include "heartbeat.hpp"
#include "inheritance.hpp"
#include "live_settings.hpp"
#include "loaded_handlers.hpp"
#include "management/managed_server.hpp"
#include "management/management_thread.hpp"
#include "management/named_socket.hpp"
#include "management/serving_state.hpp"
#include "member_zones.hpp"
#include "policies.hpp"
#include "predecessor.hpp"
#include "produced_catalogs.hpp"
#include "recursion_files.hpp"
#include "recursor_control.hpp"
#include "reload_thread.hpp"
#include "root_copy.hpp"
#include "sandbox/sandbox.hpp"
#include "service_manager.hpp"
#include "shard_views.hpp"
#include "shown_configuration.hpp"
#include "taut/base/counter.hpp"
#include "taut/base/user_name.hpp"
#include "taut/dnstap/dnstap.hpp"
#include "taut/io/engine_choice.hpp"
#include "taut/recursor/recursor.hpp"
#include "taut/resolver/authority.hpp"
#include "taut/resolver/forwarder.hpp"
#include "taut/resolver/hosts.hpp"
#include "taut/resolver/hosts_file.hpp"
#include "taut/resolver/hosts_loader.hpp"
#include "taut/server/server.hpp"
#include "taut/server/transfer_quota.hpp"
#include "taut/server/transfer_settings.hpp"
#include "taut/zones/zone_loader.hpp"
#include "taut/zones/zone_store.hpp"
#include "upkeep.hpp"
#include "upkeep_plan.hpp"
#include "work_thread.hpp"
#include "zone_archive.hpp"

namespace taut {

class Daemon final : public ManagedServer {
 public:
  // Throws for a mistake that the operator has to mend.
  // `sources` are what the configuration was made of, and what a reload reads again. `predecessor` is the server that
  // this one takes over from, null where there is none; it outlives the daemon.
  Daemon(config::Configuration configuration, config::Sources sources, const Inheritance& inheritance,
         Predecessor* predecessor);

  // Serves until it is asked to end; the exit status.
  int run();

 private:
  // Of the configuration. Read on the management thread.
  struct Reloads {
    Counter succeeded;
    Counter failed;  // nearly all of them had a mistake, and changed nothing
    std::atomic<bool> lastSucceeded = true;
  };

  // For each shard the views of a configuration, see ShardViews::replace.
  using ShardsOfViews = std::vector<std::vector<std::optional<ShardView>>>;

  // What a reload takes over, all made before.
  struct Next {
    struct Change {
      config::ValueChange value;
      bool waits;  // for a restart
    };

    config::Configuration configuration;
    std::vector<Change> changes;
    DescriptorShares descriptors;
    HttpListeners http;
    NamedSecrets secrets;
    std::shared_ptr<RateLimitTable> accounts;
    std::optional<HostsFile> hosts;  // in place of the one that there is; nothing: that one stays
    ShardsOfViews views;
    HandlerTable handlers;
    std::unique_ptr<FreshHandlers> fresh;  // those that are new among the handlers; null: none is
    bool zonesChanged = false;
    bool limitChanged = false;
  };
  // The views as they are to be, in the steps from a reload to the shards.
  struct ViewChange {
    std::vector<config::ViewSettings> settings;  // without their zones
    ShardsOfViews made;
    std::chrono::milliseconds deadline{};
    std::size_t forwards = 0;  // of each forwarder
    bool hasHandlers = false;
  };

  config::Configuration completed(config::Configuration configuration) const;
  std::unique_ptr<ServerFactory> makeFactory(Shard& shard);
  // Null where dnstap is not wanted.
  std::shared_ptr<Dnstap> makeDnstap(Shard& shard) const;
  DescriptorShares sharesFor(const config::Configuration& configuration) const;
  std::shared_ptr<Forwarder> makeForwarder(const ShardResolvers& resolvers, const config::ForwardSettings& forward,
                                           const config::Configuration& configuration) const;
  std::shared_ptr<RecursiveService> makeRecursion(ShardResolvers& resolvers);
  std::shared_ptr<Recursor> makeRecursor(const ShardResolvers& resolvers) const;
  std::shared_ptr<Cache> makeCache(const ShardResolvers& resolvers, std::size_t size) const;
  ShardView makeView(const ShardResolvers& resolvers, const config::ViewSettings& view,
                     const config::Configuration& configuration) const;
  std::unique_ptr<LiveSettings> liveSettings() const;
  void become(const UserAccount& user) const;
  void shutIn();
  void startLoaders();
  void startHostsLoader();
  void catchUp();
  void followPredecessor();
  void becomeReady();
  std::string statusText() const;
  Reloaded announced(Reloaded done);
  void storeSockets();
  void giveSockets(const std::function<void(std::vector<NamedSocket>)>& done);
  NamedSocket named(ServedSocket socket) const;
  std::vector<NamedSocket> collectSockets();
  void publishHosts(std::shared_ptr<const HostsTable> table);

  // On the thread of the reload. Reads the configuration again and, where there is no mistake, takes it over and loads
  // what has changed on disk.
  void reloadConfiguration(const ReloadOrder& order, const Reloaded& done);
  config::Configuration readConfiguration() const;
  std::shared_ptr<const ServerCookies> cookiesOf(const config::Configuration& next) const;
  Next prepare();
  void openHttp(Next& next);
  void startHandlers(Next& next);
  void requireLoadable(const std::vector<config::HandlerSettings>& handlers) const;
  void takeOverHandlers(Next& next);
  void replaceListeners(const config::Configuration& next);
  void takeOver(Next next, const ReloadOrder& order, const Reloaded& done);
  void takeOverManagement(Next& next);
  std::shared_ptr<const UpkeepPlan> makePlan() const;
  void ownArchive();
  void readKeptSince(const ZoneStore::Publish& publish);
  void giveUpZones();
  void setJournalSizes();
  void startUpkeep();
  Reloaded thenKeepZones(std::vector<ZoneInstall> catalogs, std::vector<config::ZoneSettings> reset, Reloaded done);
  OnNotify onNotify() const;
  LiveSettings::Update onUpdate() const;
  std::vector<ZoneSource> zoneSources() const;
  std::shared_ptr<const TransferSettings> makeTransfers() const;
  void loadMembers();
  std::vector<ZoneInstall> makeCatalogs(const ZoneSet& served);
  void serveCatalogs(const std::vector<ZoneInstall>& versions);
  void followCatalogs(const ZoneSet& zones);
  void describeCatalogs();
  void updateMembers(ZoneLoader::Done done);
  void discard(const std::vector<config::ZoneSettings>& zones, bool again);
  std::string mistakeOf(const Name& origin) const;
  void changeMembers(std::function<std::string()> change, std::function<std::string()> outcome,
                     std::function<void(std::string)> done);
  void tellOf(const std::vector<std::shared_ptr<const Zone>>& versions) noexcept;
  ZoneReload zonesAsTheyAre() const;
  void reloadForwarders();
  void reloadPolicies(const ZoneSet& zones);
  void reloadLocalRoot();
  ShardsOfViews makeViews(const config::Configuration& next) const;
  std::size_t forwardsOfEach(const config::Configuration& configuration) const;
  ViewChange viewChange(ShardsOfViews made) const;
  void startViews(ServerFactory& factory);
  void setViews(std::size_t shard, ServerFactory& factory, ViewChange& change);
  Reloaded thenSetViews(ShardsOfViews made, Reloaded done);
  void reloadHosts(std::optional<HostsFile> other);
  void publishZones(const ZonePublication& publication);

  // For its management, on the management thread.
  ManagementSnapshot snapshot() override;
  void collectTop(std::function<void(std::vector<TopLists>)> done) override;
  Readiness readiness() override { return state_.readiness(); }
  bool isResponsive() override;
  void stop() override;
  void drain(bool on) override { state_.drain(on); }
  void reload(const ReloadOrder& order, Reloaded done) override;
  void reloadZone(const Name& origin, const std::string& view, Reloaded done) override;
  bool refreshZone(const Name& origin, bool whole) override { return upkeep_->refresh(origin, whole); }
  bool notifyZone(const Name& origin) override;
  bool flushZone(const Name& origin, std::function<void(std::string)> done) override;
  void addZone(const AddedZone& zone, std::function<void(std::string)> done) override;
  void removeZone(const Name& origin, std::function<void(std::string)> done) override;
  void describeZone(const Name& origin, std::function<void(std::optional<SecondaryStatus>)> done) override {
    upkeep_->describe(origin, std::move(done));
  }
  std::string beginUpgrade(std::function<void(std::vector<NamedSocket>)> done) override;
  void endUpgrade() override { upgrading_ = false; }
  void handOver(pid_t process) override;
  std::vector<ShownValue> configuration() override;
  ConfigurationChanges compareConfiguration() override;
  bool switchQueryLog(QueryLogSwitch to) override;
  void postQueryLog();
  std::shared_ptr<QueryTail> startTail(QueryFilter filter, QueryLogSettings::Format format) override;
  void endTail(std::shared_ptr<QueryTail> tail) override;
  bool hasCache() const override { return running_ && (caches_.any() || recursors_.any()); }
  void flushCache(const Name& name, bool tree, std::function<void(std::size_t)> done) override;
  void flushCache(const Name& name, Type type, std::function<void(std::size_t)> done) override {
    recursors_.flush(name, type, std::move(done));
  }
  void showCache(const Name& name, std::function<void(std::vector<ShownAnswer>)> done) override;
  bool hasRecursor() const override { return running_ && recursors_.any(); }
  void addNegativeTrustAnchor(const Name& name, std::optional<std::chrono::seconds> lifetime,
                              std::function<void(bool)> done) override;
  void removeNegativeTrustAnchor(const Name& name, std::function<void(bool)> done) override {
    recursors_.removeNegativeTrustAnchor(name, std::move(done));
  }
  void listNegativeTrustAnchors(std::function<void(std::vector<ShownNegativeTrustAnchor>)> done) override {
    recursors_.listNegativeTrustAnchors(std::move(done));
  }
  void showServers(std::function<void(std::vector<ShownServer>)> done) override {
    recursors_.showServers(std::move(done));
  }
  void flushServers(std::function<void(std::size_t)> done) override { recursors_.flushServers(std::move(done)); }
  std::shared_ptr<TraceSteps> trace(const Name& name, Type type) override { return recursors_.trace(name, type); }
  bool isRunning(const Reloaded& done) const;
  static void refuseReload(std::string_view reason, const Reloaded& done);
  static ZoneLoader::Done reportTo(const Reloaded& done, std::vector<std::string> warnings = {});

  const config::Sources sources_;
  const std::shared_ptr<GivenSockets> given_;
  std::vector<Address> activated_;  // to be listened on where the configuration does not say on what
  Predecessor* const predecessor_;
  ServiceManager manager_;
  std::set<std::string> stored_;  // names of the sockets that the manager keeps
  bool storeIsOurs_ = false;      // and not still that of the server before
  std::mutex reloading_;
  // As it holds: what needs a restart is that of the start. Once the server runs, it is used with `reloading_` locked,
  // and so is what is made of it.
  config::Configuration configuration_;
  std::atomic<std::chrono::milliseconds> drain_;  // of the configuration, for the end
  ShownConfiguration shown_;                      // likewise, for those who ask
  std::mutex queryLogMutex_;
  QueryLogSwitch queryLogSwitch_ = QueryLogSwitch::configured;
  LoadedHandlers handlers_;
  const DescriptorBudget descriptorBudget_;
  const EngineChoice engine_;
  DescriptorShares descriptors_;
  std::string hostName_;
  NamedSecrets secrets_;
  RecursionFiles recursionFiles_;
  Policies policies_;
  RootCopy rootCopy_;
  std::shared_ptr<RateLimitTable> rateLimitAccounts_;  // of all shards; null without a limit
  MemberZones members_;                                // likewise
  ProducedCatalogs catalogs_;                          // likewise
  CatalogWatch catalogWatch_;
  const std::shared_ptr<ZoneArchive> archive_;  // null: zones are kept nowhere
  ZoneStore zones_;
  const std::shared_ptr<TransferQuota> transferQuota_;
  std::shared_ptr<const TransferSettings> transfers_;
  std::shared_ptr<const UpkeepPlan> plan_;  // of the configuration, with its keys
  const std::unique_ptr<Upkeep> upkeep_;    // before the management, which asks it
  std::optional<HostsFile> hostsFile_;
  std::shared_ptr<const ZoneSet> zoneSet_;               // what the shards start with; null when all have
  std::vector<std::shared_ptr<Authority>> authorities_;  // one for each shard, used on its thread alone
  std::vector<std::shared_ptr<Hosts>> hosts_;            // likewise; none without a hosts file
  std::vector<ShardResolvers> resolvers_;                // likewise
  CacheWalks caches_;                                    // over the caches of all shards
  std::shared_ptr<RecursorPeers> recursorPeers_;         // null without [recursion]
  RecursorControl recursors_;                            // of all shards; of none without [recursion]
  Server server_;
  std::optional<WorkThread> memberWork_;    // while the server runs: changes of the zones beside the configuration's
  std::optional<ZoneLoader> loader_;        // while the server runs, as is the next one
  std::optional<HostsLoader> hostsLoader_;  // none without a hosts file
  std::atomic<bool> running_ = false;       // all shards serve and the loaders are there
  bool takenInPart_ = false;                // a reload failed where it had changed something
  Reloads reloads_;
  std::atomic<bool> upgrading_ = false;   // sockets have been given away for a new process
  std::atomic<bool> handedOver_ = false;  // and that one serves now
  ServingState state_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::vector<std::string> writtenFolders_;       // of the sandbox
  std::shared_ptr<sandbox::Sandbox> sandbox_;     // null: it is off
  bool loadsCode_ = true;                         // the sandbox, where there is one, lets handlers be loaded
  bool isManaged_ = false;                        // there was a use for the management at the start
  std::unique_ptr<ManagementThread> management_;  // it uses all of the above; not started where it is not wanted
  std::optional<ReloadThread> reload_;            // it uses all of the above; while the server runs
  std::optional<Heartbeat> heartbeat_;            // likewise, where the service manager wants to hear it
};

}  // namespace taut
