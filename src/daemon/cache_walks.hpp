// Walks over the caches of all shards, for the control tool: each shard walks its own cache, a step in a turn, so that
// no query waits for more than a step.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "management/managed_server.hpp"
#include "taut/dns/name.hpp"
#include "taut/io/shard.hpp"
#include "taut/resolver/cache.hpp"

namespace taut {

class CacheWalks {
 public:
  static constexpr std::size_t maxShown = 1000;  // answers

  // Before the first walk. The shard outlives the walks.
  void add(Shard& shard, std::shared_ptr<Cache> cache) { places_.push_back({&shard, std::move(cache)}); }
  bool empty() const { return places_.empty(); }

  // On any thread. `done` is called on the shard that ends last.
  void flush(const Name& name, bool tree, std::function<void(std::size_t)> done);
  void show(const Name& name, std::function<void(std::vector<ShownAnswer>)> done);

 private:
  struct Place {
    Shard* shard;
    std::shared_ptr<Cache> cache;
  };

  std::vector<Place> places_;
};

}  // namespace taut
