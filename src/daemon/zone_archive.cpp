#include "zone_archive.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <iterator>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/base/signals_blocked.hpp"
#include "taut/zone/zone_snapshot.hpp"

namespace taut {

namespace {

constexpr std::size_t maxWaiting = 64;       // versions of a zone that nobody waits for
constexpr std::size_t maxToldFailures = 20;  // zones
constexpr std::chrono::seconds retryInterval{5};
constexpr std::chrono::seconds patienceAtEnd{2};

std::string errorOf(const ArchivedZone::Done& done) {
  return done.ok() ? std::string() : done.error();
}

}  // namespace

// A zone, on the thread of journals.
struct ZoneArchive::Kept {
  explicit Kept(const Name& name) : origin(name) {}

  const Name origin;
  std::unique_ptr<ArchivedZone> files;  // never null
  bool isStale = false;                 // another program has kept versions since the files were read
  std::string refused;                  // why the files that were there could not be read; empty: they could
  std::deque<Order> waiting;            // for a snapshot
  std::vector<Order> appended;          // since the last sync
  std::shared_ptr<const Zone> last;     // version that was given; null: none, or its differences alone are kept
  std::optional<Serial> lost;           // the version that could not be kept last, where it was awaited
  bool isImaging = false;
  bool isForgotten = false;                        // meanwhile
  std::optional<std::list<Kept*>::iterator> open;  // its place among those whose journal is open
};

ZoneArchive::ZoneArchive(std::string folder) : folder_(std::move(folder)) {}

ZoneArchive::~ZoneArchive() {
  stop();
}

std::string ZoneArchive::tryOwn() {
  const std::lock_guard lock(lockMutex_);
  if (lock_) return {};
  const std::string path = folder_ + "/zones.lock";
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
  if (!fd) return fmt::format("{}: {}", path, std::generic_category().message(errno));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
    return errno == EWOULDBLOCK ? fmt::format("{}: another program keeps zones in this folder", path)
                                : fmt::format("{}: {}", path, std::generic_category().message(errno));
  lock_ = std::move(fd);
  return {};
}

std::string ZoneArchive::own(std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds interval{10};
  const auto end = Clock::now() + patience;
  for (;;) {
    std::string error = tryOwn();
    if (error.empty() || Clock::now() >= end) return error;
    std::this_thread::sleep_for(interval);
  }
}

Result<ZoneArchive::Restored, std::string> ZoneArchive::restore(NameView origin) {
  auto restored = ArchivedZone::restore(folder_, origin);
  const std::lock_guard lock(mutex_);
  restored_.insert_or_assign(
      Name(origin), restored.ok() ? Known{restored->reach, restored->changed, {}} : Known{{}, 0, restored.error()});
  return restored;
}

bool ZoneArchive::hasChanged(NameView origin) const {
  const std::lock_guard lock(mutex_);
  const auto known = restored_.find(origin);
  return known == restored_.end() || known->second.changed != ArchivedZone::changed(folder_, origin);
}

Result<DifferenceSource::Differences, std::string> ZoneArchive::differencesTo(const Zone& zone) const {
  return ArchivedZone::differencesTo(folder_, zone);
}

void ZoneArchive::setJournalSizes(JournalSizes sizes) {
  auto shared = std::make_shared<const JournalSizes>(std::move(sizes));
  {
    const std::lock_guard lock(mutex_);
    sizes_ = shared;
    if (!thread_.joinable()) return;
  }
  post([this, shared] {
    syncAll();  // what was appended, as a journal closes below
    for (const auto& [origin, zone] : zones_) {
      const auto size = shared->find(origin);
      zone->files->setJournalOctets(size == shared->end() ? ArchivedZone::defaultOctets : size->second);
      close(*zone);  // it is opened with its new size
    }
  });
}

void ZoneArchive::keep(const ZoneVersion& version, Done done) {
  auto order = std::make_shared<Order>(Order{version, std::move(done)});
  const bool posted = post([this, order] { take(std::move(*order)); });
  if (!posted && order->done) order->done("the server ends");
}

void ZoneArchive::ensure(std::shared_ptr<const Zone> version) {
  {
    // As a rule the version has been restored: a hundred thousand zones that rest cost no more.
    const std::lock_guard lock(mutex_);
    const auto known = restored_.find(version->origin());
    if (known != restored_.end() && known->second.reach.serial == Serial(version->serial())) return;
  }
  post([this, version = std::move(version)] {
    Kept& zone = keptOf(version->origin());
    if (!zone.refused.empty() || zone.isStale || !zone.waiting.empty()) return;
    if (zone.files->reach().serial != Serial(version->serial())) return take({{version}, {}});
    zone.last = version;
  });
}

void ZoneArchive::keepDifferences(const Zone& version, DifferenceSource::Differences differences) {
  post([this, origin = Name(version.origin()), differences = std::move(differences)] {
    takeDifferences(origin, differences);
  });
}

void ZoneArchive::forget(const Name& origin, std::function<void()> done) {
  post([this, origin, done = std::move(done)] {
    drop(origin);
    if (done) done();
  });
}

void ZoneArchive::whenKept(std::function<void()> done) {
  // The last one to release it calls `done`: here, where nothing is to be kept.
  const std::shared_ptr<void> kept(nullptr, [done = std::move(done)](void*) { done(); });
  if (hasBegun()) post([this, kept] { holdUntilKept(kept); });
}

// Whether anything was given to keep.
bool ZoneArchive::hasBegun() const {
  const std::lock_guard lock(mutex_);
  return thread_.joinable();
}

void ZoneArchive::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  if (!thread_.joinable()) return giveUp();
  thread_.request_stop();
  thread_.join();
  imageThread_.request_stop();
  imageThread_.join();
  giveUp();
}

void ZoneArchive::giveUp() {
  const std::lock_guard lock(lockMutex_);
  lock_.reset();
}

// False where the end has come before.
bool ZoneArchive::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return false;
    tasks_.push_back(std::move(task));
    if (!thread_.joinable()) {
      const SignalsBlocked blocked;
      thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
      imageThread_ = std::jthread([this](const std::stop_token& stop) { runImages(stop); });
    }
  }
  wanted_.notify_one();
  return true;
}

void ZoneArchive::run(const std::stop_token& stop) {
  while (!isAtEnd(stop)) {
    for (const auto& task : nextTasks(stop)) task();
    syncAll();
    untilSynced_.clear();
    if (Clock::now() >= retry_) retryFailed();
  }
  writeImagesAtEnd();
  zones_.clear();
}

bool ZoneArchive::isAtEnd(const std::stop_token& stop) const {
  const std::lock_guard lock(mutex_);
  return stop.stop_requested() && tasks_.empty() && imagesUnderWay_ == 0;
}

// None where it is time to try again what has failed, or the end has come.
std::vector<std::function<void()>> ZoneArchive::nextTasks(const std::stop_token& stop) {
  std::vector<std::function<void()>> tasks;
  std::unique_lock lock(mutex_);
  const auto isWanted = [&] { return !tasks_.empty() || (stop.stop_requested() && imagesUnderWay_ == 0); };
  if (stop.stop_requested())
    wanted_.wait(lock, isWanted);
  else if (failing_.empty())
    wanted_.wait(lock, stop, isWanted);
  else
    wanted_.wait_until(lock, stop, retry_, isWanted);
  tasks.swap(tasks_);
  return tasks;
}

ZoneArchive::Kept& ZoneArchive::keptOf(const Name& origin) {
  auto& zone = zones_[origin];
  if (zone) return *zone;
  zone = std::make_unique<Kept>(origin);
  const std::lock_guard lock(mutex_);
  Known known;
  auto found = restored_.extract(origin);
  const bool isKnown = !found.empty();
  if (isKnown) known = std::move(found.mapped());
  zone->refused = std::move(known.refused);
  zone->isStale = isKnown && zone->refused.empty() && known.changed != ArchivedZone::changed(folder_, origin);
  if (zone->isStale) known.reach = {};
  zone->files = std::make_unique<ArchivedZone>(folder_, origin, known.reach, journalOctetsOf(origin));
  return *zone;
}

// With the mutex.
std::uint64_t ZoneArchive::journalOctetsOf(const Name& origin) const {
  const auto found = sizes_->find(origin);
  return found == sizes_->end() ? ArchivedZone::defaultOctets : found->second;
}

void ZoneArchive::take(Order order) {
  Kept& zone = keptOf(order.version.zone->origin());
  if (!order.version.zone->isLoaded()) return zone.last.reset();  // it has expired; what is on the disk says so itself
  if (order.version.isSettled) {
    zone.last = order.version.zone;
    return;
  }
  // However long the disk is busy, only so many wait: of those that nobody waits for the last one says all.
  const auto isAwaited = [](const Order& each) { return each.done != nullptr; };
  if (zone.waiting.size() >= maxWaiting && std::ranges::none_of(zone.waiting, isAwaited)) {
    zone.waiting.erase(zone.waiting.begin() + 1, zone.waiting.end());  // the first one is being written
    order.version.differences.clear();
  }
  zone.waiting.push_back(std::move(order));
  advance(zone);
}

void ZoneArchive::holdUntilKept(const std::shared_ptr<void>& kept) {
  untilSynced_.push_back(kept);
  for (const auto& [origin, zone] : zones_)
    if (!zone->waiting.empty()) zone->waiting.back().kept.push_back(kept);
}

// Appends what waits, up to a version that has to have a snapshot first.
void ZoneArchive::advance(Kept& zone) {
  while (!zone.waiting.empty() && !zone.isForgotten) {
    Order& first = zone.waiting.front();
    if (zone.isImaging && !zone.refused.empty()) return;
    std::string error = tryOwn();
    if (error.empty() && first.done) error = reasonAgainst(zone, first);
    if (error.empty() && zone.files->needsImage(first.version)) {
      if (zone.isImaging) return;
      error = errorOf(zone.files->prepareImage(first.version));
      if (error.empty()) return startImage(zone, first.version.zone, true);
    } else if (error.empty()) {
      error = errorOf(zone.files->append(first.version));
    }
    touch(zone);
    Order order = std::move(first);
    zone.waiting.pop_front();
    if (!error.empty()) {
      finish(zone, order, error);
      continue;
    }
    zone.appended.push_back(std::move(order));
    unsynced_.insert(&zone);
  }
}

// Of an order that is awaited. Files that were refused stay as they are, until somebody has looked at them and put them
// away.
std::string ZoneArchive::reasonAgainst(Kept& zone, const Order& order) const {
  const auto& differences = order.version.differences;
  if (zone.lost && !differences.empty() && differences.front()->from() == *zone.lost)
    return "the version before could not be kept";
  if (zone.isStale) return "another program has kept later versions, which a restart reads";
  if (zone.refused.empty()) return {};
  const auto again = ArchivedZone::restore(folder_, zone.origin);
  if (!again.ok()) return again.error();
  zone.refused.clear();
  return {};
}

void ZoneArchive::takeDifferences(const Name& origin, const DifferenceSource::Differences& differences) {
  Kept& zone = keptOf(origin);
  std::string error = tryOwn();
  if (error.empty()) error = errorOf(zone.files->appendOnly(differences));
  touch(zone);
  if (!error.empty()) return failed(zone, error);
  if (!differences.empty()) unsynced_.insert(&zone);
  if (differences.empty()) succeeded(zone);
}

void ZoneArchive::syncAll() {
  for (Kept* const zone : std::exchange(unsynced_, {})) sync(*zone);
  while (open_.size() > maxOpen) close(*open_.front());
}

void ZoneArchive::sync(Kept& zone) {
  const std::string error = errorOf(zone.files->sync());
  std::vector<Order> appended = std::exchange(zone.appended, {});
  for (const Order& order : appended) finish(zone, order, error);
  if (appended.empty() && !error.empty()) return failed(zone, error);
  if (error.empty() && zone.last && !zone.isImaging && !failing_.contains(&zone) && zone.files->wantsImage(*zone.last))
    startImage(zone, zone.last, false);
}

// A version that nobody waits for is served all the same, so it is what is tried again. Others are for those who wait.
void ZoneArchive::finish(Kept& zone, const Order& order, const std::string& error) {
  if (error.empty() || !order.done) zone.last = order.version.zone;
  if (error.empty())
    succeeded(zone);
  else if (!order.done)
    failed(zone, error);
  const bool isLost = order.done && !error.empty();
  zone.lost = isLost ? std::optional(Serial(order.version.zone->serial())) : std::nullopt;
  if (order.done) order.done(error);
}

void ZoneArchive::failed(Kept& zone, const std::string& error) {
  retry_ = Clock::now() + retryInterval;
  if (!failing_.insert(&zone).second) return;
  if (failing_.size() <= maxToldFailures)
    log::error("zone {} is not kept for the next start: {}", zone.origin, error);
  else if (failing_.size() == maxToldFailures + 1)
    log::error("further zones are not kept for the next start either");
}

void ZoneArchive::succeeded(Kept& zone) {
  zone.refused.clear();
  zone.isStale = false;
  const std::size_t failing = failing_.size();
  if (failing_.erase(&zone) > 0 && failing <= maxToldFailures) log::info("zone {} is kept again", zone.origin);
}

void ZoneArchive::retryFailed() {
  if (failing_.empty()) return;
  retry_ = Clock::now() + retryInterval;
  const std::vector<Kept*> zones(failing_.begin(), failing_.end());
  for (Kept* const zone : zones) {
    if (!zone->waiting.empty() || zone->isImaging) continue;
    if (!zone->last) {
      failing_.erase(zone);  // what comes next is the next attempt
      continue;
    }
    zone->waiting.push_back({{zone->last}, {}});
    advance(*zone);
  }
}

void ZoneArchive::startImage(Kept& zone, const std::shared_ptr<const Zone>& version, bool isRequired) {
  zone.isImaging = true;
  {
    const std::lock_guard lock(mutex_);
    images_.push_back({zone.origin, version, zone.files->imagePath(), zone.files->reach(), isRequired});
    ++imagesUnderWay_;
  }
  imageWanted_.notify_one();
}

// The thread ends when no snapshot is awaited any more.
void ZoneArchive::runImages(const std::stop_token& stop) {
  for (;;) {
    Image image;
    {
      std::unique_lock lock(mutex_);
      if (!imageWanted_.wait(lock, stop, [this] { return !images_.empty(); })) return;
      image = std::move(images_.front());
      images_.pop_front();
    }
    std::string error;
    try {
      error = errorOf(writeSnapshot(*image.zone, image.path));
    } catch (const std::exception& failure) {
      error = fmt::format("{}: {}", image.path, reasonOf(failure));
    }
    image.zone.reset();
    {
      const std::lock_guard lock(mutex_);
      --imagesUnderWay_;
      tasks_.push_back([this, image = std::move(image), error = std::move(error)] { imaged(image, error); });
    }
    wanted_.notify_one();
  }
}

void ZoneArchive::imaged(const Image& image, std::string error) {
  Kept& zone = *zones_.at(image.origin);
  zone.isImaging = false;
  if (zone.isForgotten) {
    std::deque<Order> since = std::exchange(zone.waiting, {});
    drop(image.origin);
    for (Order& order : since) take(std::move(order));
    return;
  }
  if (!image.isRequired) {
    if (error.empty())
      zone.files->imagedAt(image.reach);
    else
      failed(zone, error);
    return advance(zone);
  }
  Order order = std::move(zone.waiting.front());
  zone.waiting.pop_front();
  if (error.empty()) error = errorOf(zone.files->imaged(order.version));
  touch(zone);
  finish(zone, order, error);
  advance(zone);
}

// A snapshot that is being written is waited for, and goes then.
void ZoneArchive::drop(const Name& origin) {
  {
    const std::lock_guard lock(mutex_);
    restored_.erase(origin);
  }
  if (const auto found = zones_.find(origin); found != zones_.end()) {
    Kept& zone = *found->second;
    close(zone);
    unsynced_.erase(&zone);
    failing_.erase(&zone);
    std::vector<Order> orders = std::exchange(zone.appended, {});
    std::ranges::move(std::exchange(zone.waiting, {}), std::back_inserter(orders));
    for (const Order& order : orders)
      if (order.done) order.done("the zone is no more");
    zone.isForgotten = true;
    if (zone.isImaging) return;
    zones_.erase(found);
  }
  std::string error = tryOwn();
  if (error.empty()) error = errorOf(ArchivedZone::remove(folder_, origin));
  if (!error.empty()) log::error("{}", error);
}

// Keeps the journals that were used last open.
void ZoneArchive::touch(Kept& zone) {
  if (!zone.files->isOpen()) return close(zone);
  if (zone.open)
    open_.splice(open_.end(), open_, *zone.open);
  else
    zone.open = open_.insert(open_.end(), &zone);
}

void ZoneArchive::close(Kept& zone) {
  zone.files->close();
  if (zone.open) open_.erase(*zone.open);
  zone.open.reset();
}

// So that the next start has little to apply.
void ZoneArchive::writeImagesAtEnd() {
  const auto end = Clock::now() + patienceAtEnd;
  for (const auto& [origin, zone] : zones_) {
    if (Clock::now() >= end) return;
    if (!zone->last || failing_.contains(zone.get()) || !zone->files->wantsImageAtEnd()) continue;
    if (const auto done = writeSnapshot(*zone->last, zone->files->imagePath()); !done.ok())
      log::error("{}", done.error());
  }
}

}  // namespace taut
