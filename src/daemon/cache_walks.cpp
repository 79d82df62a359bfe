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

namespace {

// What all shards do for one walk. `step` is called on a shard's thread and says whether the shard goes on.
struct Work {
  std::function<bool(std::size_t shard, CacheWalk& walk)> step;
  std::function<void()> done;
  std::atomic<std::size_t> left;  // shards
};

void goOn(Shard& shard, std::size_t number, const std::shared_ptr<Work>& work, CacheWalk walk) {
  shard.post([&shard, number, work, walk = std::move(walk)]() mutable {
    if (work->step(number, walk))
      goOn(shard, number, work, std::move(walk));
    else if (--work->left == 0)
      work->done();
  });
}

std::string recordsOf(const CachedAnswer& answer) {
  fmt::memory_buffer text;
  for (const Answer::Entry& entry : answer.rrsets) {
    RRset rrset = entry.rrset;
    rrset.ttl -= std::min(rrset.ttl, answer.age);
    writeRRset(rrset, text);
  }
  return fmt::to_string(text);
}

ShownAnswer shown(const CachedAnswer& answer, std::size_t shard) {
  const std::string type = answer.type == Type{} ? "all types" : toString(answer.type);
  ShownAnswer result;
  result.shard = shard;
  result.key = fmt::format("{} {} {}{}", answer.name, answer.rrClass, type, answer.checkingDisabled ? " with CD" : "");
  result.rcode = toString(answer.rcode);
  result.seconds = answer.lifetime - answer.age;
  result.records = recordsOf(answer);
  return result;
}

}  // namespace

void CacheWalks::flush(const Name& name, bool tree, std::function<void(std::size_t)> done) {
  const auto total = std::make_shared<std::atomic<std::size_t>>(0);
  const auto work = std::make_shared<Work>();
  work->left = places_.size();
  work->step = [this, total](std::size_t shard, CacheWalk& walk) {
    const bool more = places_[shard].cache->erase(walk);
    if (!more) *total += walk.found;
    return more;
  };
  work->done = [total, done = std::move(done)] { done(*total); };
  for (std::size_t i = 0; i < places_.size(); ++i) goOn(*places_[i].shard, i, work, {name, tree});
}

void CacheWalks::show(const Name& name, std::function<void(std::vector<ShownAnswer>)> done) {
  struct Found {
    std::mutex mutex;
    std::vector<ShownAnswer> answers;
  };
  const auto found = std::make_shared<Found>();
  const auto work = std::make_shared<Work>();
  work->left = places_.size();
  work->step = [this, found](std::size_t shard, CacheWalk& walk) {
    return places_[shard].cache->show(walk, [&](const CachedAnswer& answer) {
      const std::scoped_lock lock(found->mutex);
      if (found->answers.size() < maxShown) found->answers.push_back(shown(answer, shard));
    });
  };
  work->done = [found, done = std::move(done)] { done(std::move(found->answers)); };
  for (std::size_t i = 0; i < places_.size(); ++i) goOn(*places_[i].shard, i, work, {name});
}

}  // namespace taut
