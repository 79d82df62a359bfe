// Walks over the caches of all shards, for the control tool: each shard walks its own caches, a step in a turn, so that
// no query waits for more than a step.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "management/managed_server.hpp"
#include "taut/dns/name.hpp"
#include "taut/io/shard.hpp"
#include "taut/resolver/cache.hpp"

namespace taut {

class CacheWalks {
 public:
  static constexpr std::size_t maxShown = 1000;  // answers

  struct NamedCache {
    std::string view;  // empty: of those that have none
    std::shared_ptr<Cache> cache;
  };

  // Before the first walk, in the order of the shards' numbers. The shard outlives the walks.
  void add(Shard& shard) { places_.push_back({&shard, {}}); }
  // On the shard's thread, or before it runs. A walk that has begun goes on over those that there were.
  void setCaches(std::size_t shard, std::vector<NamedCache> caches);
  // Whether the shards have any. On any thread, as are the walks.
  bool any() const { return any_; }

  // `done` is called on the shard that ends last.
  void flush(const Name& name, bool tree, std::function<void(std::size_t)> done);
  void show(const Name& name, std::function<void(std::vector<ShownAnswer>)> done);

 private:
  struct Place {
    Shard* shard;
    std::vector<NamedCache> caches;  // used on the shard's thread alone
  };

  struct Work;
  struct OfShard;

  void begin(const std::shared_ptr<Work>& work);
  static void goOn(const std::shared_ptr<OfShard>& walk);

  std::vector<Place> places_;
  std::atomic<bool> any_ = false;
};

}  // namespace taut
