// The newest version of a zone that changes, those who answer from it, and those who wait for it.
//
// A version has all changes up to a number. Each follower gets it on its own shard's thread, by one post: no query
// takes a lock. One whose thread is busy takes the newest version when it goes on, and none of those in between.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "taut/coro/event.hpp"
#include "taut/io/shard.hpp"
#include "taut/zone/zone.hpp"

namespace taut::detail {

class ZoneVersions : public std::enable_shared_from_this<ZoneVersions> {
 public:
  using Take = std::function<void(std::shared_ptr<const Zone>)>;

  explicit ZoneVersions(std::shared_ptr<const Zone> first) : zone_(std::move(first)) {}

  // On any thread.
  std::shared_ptr<const Zone> newest() const;

  // Has `take` called on the shard's thread with each version after the newest one. Until `unfollow`, which is called
  // on the shard's thread, or while that does not run.
  class Follower;
  std::shared_ptr<Follower> follow(Shard& shard, Take take);
  void unfollow(const std::shared_ptr<Follower>& follower);

  // The zone has the changes up to this number, also where it is the same zone as before. Throws std::bad_alloc, and
  // may be called again.
  void publish(std::shared_ptr<const Zone> zone, std::uint64_t change);

  // No further version comes.
  void end();

  // Blocks until all followers answer from a version that has the change. False where none comes that does.
  bool waitFor(std::uint64_t change);

  // Sets an event on the shard's thread then, or when no further version comes. It lives as long as the event is of
  // use, and no longer than the shard.
  class Waiter {
   public:
    Waiter(std::shared_ptr<ZoneVersions> versions, std::uint64_t change, Shard& shard);
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter();

    Event& event() { return *event_; }
    // Whether it is so.
    bool hasCome() const;

   private:
    friend ZoneVersions;

    std::shared_ptr<ZoneVersions> versions_;
    std::uint64_t change_;
    Shard& shard_;
    std::shared_ptr<Event> event_ = std::make_shared<Event>();
    bool posted_ = false;
  };

 private:
  void tell(Follower& follower);
  bool isServed(std::uint64_t change) const;
  void wake() noexcept;

  mutable std::mutex mutex_;
  std::condition_variable served_;
  std::shared_ptr<const Zone> zone_;
  std::uint64_t change_ = 0;  // that `zone_` has
  bool ended_ = false;
  std::vector<std::shared_ptr<Follower>> followers_;
  std::list<Waiter*> waiters_;
};

}  // namespace taut::detail
