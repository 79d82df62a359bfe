#include "zone_versions.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace taut::detail {

// All but `take` is used with the lock of the versions.
class ZoneVersions::Follower {
 public:
  Follower(Shard& shard, Take take, std::uint64_t change) : shard_(shard), take_(std::move(take)), change_(change) {}

 private:
  friend ZoneVersions;

  Shard& shard_;
  Take take_;
  std::uint64_t change_;  // that it answers with
  bool posted_ = false;
  bool gone_ = false;
};

std::shared_ptr<const Zone> ZoneVersions::newest() const {
  const std::lock_guard lock(mutex_);
  return zone_;
}

std::shared_ptr<ZoneVersions::Follower> ZoneVersions::follow(Shard& shard, Take take) {
  const std::lock_guard lock(mutex_);
  take(zone_);
  auto follower = std::make_shared<Follower>(shard, std::move(take), change_);
  followers_.push_back(follower);
  return follower;
}

void ZoneVersions::unfollow(const std::shared_ptr<Follower>& follower) {
  const std::lock_guard lock(mutex_);
  follower->gone_ = true;
  std::erase(followers_, follower);
  wake();
}

void ZoneVersions::publish(std::shared_ptr<const Zone> zone, std::uint64_t change) {
  const std::lock_guard lock(mutex_);
  zone_ = std::move(zone);
  change_ = change;
  for (const auto& follower : followers_) {
    if (follower->posted_) continue;
    follower->shard_.post([self = shared_from_this(), follower] { self->tell(*follower); });
    follower->posted_ = true;
  }
  wake();
}

// On the follower's thread, where it also goes. What it had is given up without the lock.
void ZoneVersions::tell(Follower& follower) {
  std::unique_lock lock(mutex_);
  follower.posted_ = false;
  if (follower.gone_) return;
  std::shared_ptr<const Zone> zone = zone_;
  const std::uint64_t change = change_;
  lock.unlock();
  follower.take_(std::move(zone));
  lock.lock();
  follower.change_ = change;
  wake();
}

void ZoneVersions::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  wake();
}

bool ZoneVersions::waitFor(std::uint64_t change) {
  std::unique_lock lock(mutex_);
  served_.wait(lock, [&] { return ended_ || isServed(change); });
  return isServed(change);
}

// With the lock.
bool ZoneVersions::isServed(std::uint64_t change) const {
  return change_ >= change &&
         std::ranges::all_of(followers_, [change](const auto& follower) { return follower->change_ >= change; });
}

// With the lock. Those that have waited long enough go on; where there is no memory for that, one of the next times.
void ZoneVersions::wake() noexcept {
  served_.notify_all();
  for (Waiter* const waiter : waiters_) {
    if (waiter->posted_ || (!ended_ && !isServed(waiter->change_))) continue;
    try {
      waiter->shard_.post([event = waiter->event_] { event->set(); });
      waiter->posted_ = true;
    } catch (const std::bad_alloc&) {
      continue;
    }
  }
}

ZoneVersions::Waiter::Waiter(std::shared_ptr<ZoneVersions> versions, std::uint64_t change, Shard& shard)
    : versions_(std::move(versions)), change_(change), shard_(shard) {
  const std::lock_guard lock(versions_->mutex_);
  versions_->waiters_.push_back(this);
  versions_->wake();
}

ZoneVersions::Waiter::~Waiter() {
  const std::lock_guard lock(versions_->mutex_);
  std::erase(versions_->waiters_, this);
}

bool ZoneVersions::Waiter::hasCome() const {
  const std::lock_guard lock(versions_->mutex_);
  return versions_->isServed(change_);
}

}  // namespace taut::detail
