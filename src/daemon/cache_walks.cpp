#include "cache_walks.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "taut/dns/rrset.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/zone_writer.hpp"

namespace taut {

// What all shards do for one walk. `step` is called on a shard's thread and says whether the shard goes on with this
// cache.
struct CacheWalks::Work {
  Name name;
  bool tree = false;
  std::function<bool(std::size_t shard, const NamedCache& cache, CacheWalk& walk)> step;
  std::function<void()> done;
  std::atomic<std::size_t> left;  // shards
};

// The caches of one shard that are left, the last one under way.
struct CacheWalks::OfShard {
  Shard& shard;
  std::size_t number;
  std::shared_ptr<Work> work;
  std::vector<NamedCache> caches;
  CacheWalk walk;
};

namespace {

std::string recordsOf(const CachedAnswer& answer) {
  fmt::memory_buffer text;
  for (const Answer::Entry& entry : answer.rrsets) {
    RRset rrset = entry.rrset;
    rrset.ttl -= std::min(rrset.ttl, answer.age);
    writeRRset(rrset, text);
  }
  return fmt::to_string(text);
}

ShownAnswer shown(const CachedAnswer& answer, std::size_t shard, const std::string& view) {
  const std::string type = answer.type == Type{} ? "all types" : toString(answer.type);
  ShownAnswer result;
  result.shard = shard;
  result.view = view;
  result.key = fmt::format("{} {} {}{}", answer.name, answer.rrClass, type, answer.checkingDisabled ? " with CD" : "");
  result.rcode = toString(answer.rcode);
  result.seconds = answer.lifetime - answer.age;
  result.records = recordsOf(answer);
  return result;
}

}  // namespace

void CacheWalks::setCaches(std::size_t shard, std::vector<NamedCache> caches) {
  any_ = !caches.empty();
  places_[shard].caches = std::move(caches);
}

void CacheWalks::goOn(const std::shared_ptr<OfShard>& walk) {
  if (!walk->caches.empty() && !walk->work->step(walk->number, walk->caches.back(), walk->walk)) {
    walk->caches.pop_back();
    walk->walk = {walk->work->name, walk->work->tree};
  }
  if (!walk->caches.empty()) return walk->shard.post([walk] { goOn(walk); });
  if (--walk->work->left == 0) walk->work->done();
}

void CacheWalks::begin(const std::shared_ptr<Work>& work) {
  work->left = places_.size();
  for (std::size_t i = 0; i < places_.size(); ++i) {
    places_[i].shard->post([this, work, i] {
      goOn(std::make_shared<OfShard>(OfShard{*places_[i].shard, i, work, places_[i].caches, {work->name, work->tree}}));
    });
  }
}

void CacheWalks::flush(const Name& name, bool tree, std::function<void(std::size_t)> done) {
  const auto total = std::make_shared<std::atomic<std::size_t>>(0);
  const auto work = std::make_shared<Work>();
  work->name = name;
  work->tree = tree;
  work->step = [total](std::size_t, const NamedCache& cache, CacheWalk& walk) {
    const bool more = cache.cache->erase(walk);
    if (!more) *total += walk.found;
    return more;
  };
  work->done = [total, done = std::move(done)] { done(*total); };
  begin(work);
}

void CacheWalks::show(const Name& name, std::function<void(std::vector<ShownAnswer>)> done) {
  struct Found {
    std::mutex mutex;
    std::vector<ShownAnswer> answers;
  };
  const auto found = std::make_shared<Found>();
  const auto work = std::make_shared<Work>();
  work->name = name;
  work->step = [found](std::size_t shard, const NamedCache& cache, CacheWalk& walk) {
    return cache.cache->show(walk, [&](const CachedAnswer& answer) {
      const std::scoped_lock lock(found->mutex);
      if (found->answers.size() < maxShown) found->answers.push_back(shown(answer, shard, cache.view));
    });
  };
  work->done = [found, done = std::move(done)] { done(std::move(found->answers)); };
  begin(work);
}

}  // namespace taut
