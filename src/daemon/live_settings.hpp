// What may change while the server runs: made of a configuration, and applied to each shard on its thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/configuration.hpp"
#include "descriptors.hpp"
#include "handlers/shard_handlers.hpp"
#include "named_files.hpp"
#include "shard_views.hpp"
#include "taut/dnstap/dnstap.hpp"
#include "taut/io/shard.hpp"
#include "taut/recursor/recursor.hpp"
#include "taut/resolver/cache.hpp"
#include "taut/resolver/forwarder.hpp"
#include "taut/resolver/rebinding_filter.hpp"
#include "taut/resolver/response_policy.hpp"
#include "taut/server/notification.hpp"
#include "taut/server/on_update.hpp"
#include "taut/server/server_factory.hpp"
#include "taut/server/transfer_settings.hpp"

namespace taut {

// The resolvers of a shard that take settings, and what they are made with; null where there is none.
struct ShardResolvers {
  Shard* shard = nullptr;
  std::shared_ptr<Dnstap> dnstap;
  SharedResolvers shared;
  std::shared_ptr<Cache> cache;
  ShardViews views;
  std::shared_ptr<Forwarder> forwarder;  // or a recursor
  std::shared_ptr<Recursor> recursor;
  std::shared_ptr<ResponsePolicy> policy;
  std::shared_ptr<RebindingFilter> rebindingFilter;
  std::unique_ptr<ShardHandlers> handlers;  // never null; there may be none in it
};

class LiveSettings {
 public:
  // The cookies are null for none, and so are the accounts without a rate limit; the keys may be none. `isReady` is
  // what the health name says, on any thread.
  LiveSettings(const config::Configuration& configuration, const std::string& hostName, NamedSecrets secrets,
               std::shared_ptr<RateLimitTable> accounts, std::shared_ptr<const TransferSettings> transfers,
               const DescriptorShares& descriptors, std::function<bool()> isReady);

  // What is done about NOTIFY messages; empty, as at first, where there are no secondary zones.
  void setOnNotify(OnNotify onNotify) { onNotify_ = std::move(onNotify); }

  // Carries out the updates that come to a shard; empty, as at first, where no zone takes them.
  using Update = std::function<Task<Rcode>(Shard& shard, const Query& query, ServedZone zone)>;
  void setUpdate(Update update) { update_ = std::move(update); }

  // Leaves the limiter of rates as it is, which then remembers whose limit it has told of.
  void keepRateLimit() { changesRateLimit_ = false; }

  // Where memory for it is short it throws std::bad_alloc, mostly before anything has changed.
  void apply(ServerFactory& factory, const ShardResolvers& resolvers) const;
  // Of them what other zones change: who may transfer them, tell of them and update them.
  void applyZones(ServerFactory& factory, Shard& shard) const;

  // How long the forwarder goes on with a question. Whatever the servers do, it gives up before its query is given up,
  // and knows better why there is no answer.
  static std::chrono::milliseconds forwarderDeadline(const config::Configuration& configuration) {
    return configuration.server.answerTimeout * 9 / 10;
  }

 private:
  OnUpdate onUpdate(Shard& shard) const;
  void applyForwarding(ServerFactory& factory, const ShardResolvers& resolvers) const;
  void applyRecursion(ServerFactory& factory, const ShardResolvers& resolvers) const;

  EdnsSettings edns_;
  std::vector<std::pair<Name, std::string>> chaosTexts_;
  std::chrono::milliseconds answerTimeout_;
  std::chrono::milliseconds forwarderDeadline_;
  bool rrsetRoundRobin_;
  AccessList allowQuery_;
  std::shared_ptr<const KeyRing> keys_;
  std::shared_ptr<const TransferSettings> transfers_;
  OnNotify onNotify_;
  Update update_;
  std::optional<AddressPolicy> proxies_;
  std::optional<ServerFactory::HealthName> health_;
  bool changesRateLimit_ = true;
  std::optional<RateLimit> rateLimit_;
  std::optional<config::ForwardSettings> forward_;
  std::optional<config::RecursionSettings> recursion_;
  std::size_t maxForwards_;  // questions at a time
  config::DnstapSettings dnstap_;
  std::string dnstapIdentity_;
};

}  // namespace taut
