#include "taut/transfer/refresh_scheduler.hpp"

#include <algorithm>
#include <cassert>
#include <exception>
#include <utility>

#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/io/offload.hpp"
#include "taut/io/sleep.hpp"
#include "taut/io/timer.hpp"
#include "taut/transfer/zone_timers.hpp"
#include "taut/zone/zone_settling.hpp"
#include "taut/zone/zone_update.hpp"

namespace taut {

namespace {

using StepKind = ZoneKeeper::Step::Kind;

// Of zones that are due when they are added.
constexpr std::chrono::microseconds startInterval{500};
constexpr std::chrono::seconds longestStart{60};

// Changes of the state gather for so long before they are written.
constexpr std::chrono::seconds saveInterval{1};

}  // namespace

// What has come while a version is being settled.
struct RefreshScheduler::Settling {
  std::vector<std::shared_ptr<const ZoneDifference>> since;
  bool isVoid = false;  // another whole version has come
};

// A keeper, and when it is to be woken.
class RefreshScheduler::Entry final : public LocalCounted, private Timer {
 public:
  Entry(RefreshScheduler& scheduler, std::shared_ptr<const SecondarySettings> settings,
        std::shared_ptr<const Zone> version)
      : Timer(&timeCame), keeper(scheduler.shard_, std::move(settings), std::move(version)), scheduler_(scheduler) {}

  QuestionView zone() const { return {keeper.origin(), Type::SOA, keeper.rrClass()}; }
  void arm(TimePoint deadline) { scheduler_.shard_.timers().arm(*this, deadline); }
  void remove() {
    removed = true;
    disarm();
  }

  ZoneKeeper keeper;
  bool inWork = false;  // a step waits in a lane or is being done
  bool removed = false;
  std::unique_ptr<Settling> settling;  // null: none goes on

 private:
  static void timeCame(Timer& timer) noexcept {
    auto& entry = static_cast<Entry&>(timer);
    entry.scheduler_.wake(entry);
  }

  RefreshScheduler& scheduler_;
};

// What waits for one primary.
struct RefreshScheduler::Lane {
  explicit Lane(std::shared_ptr<Primary> server) : primary(std::move(server)) {}

  bool isIdle() const { return questions.empty() && transfers.empty() && steps == 0; }

  const std::shared_ptr<Primary> primary;
  std::deque<LocalRef<Entry>> questions;
  std::deque<LocalRef<Entry>> transfers;
  std::size_t steps = 0;         // being done
  std::size_t transferring = 0;  // of them
  bool offered = false;
};

std::size_t RefreshScheduler::EntryHash::operator()(const LocalRef<Entry>& entry) const {
  return (*this)(entry->zone());
}

std::size_t RefreshScheduler::EntryHash::operator()(const QuestionView& zone) const {
  return zone.name.hash() + static_cast<std::size_t>(zone.rrClass);
}

bool RefreshScheduler::EntryEqual::operator()(const LocalRef<Entry>& left, const LocalRef<Entry>& right) const {
  return left->zone() == right->zone();
}

bool RefreshScheduler::EntryEqual::operator()(const LocalRef<Entry>& left, const QuestionView& right) const {
  return left->zone() == right;
}

RefreshScheduler::RefreshScheduler(Shard& shard, RefreshOptions options, Publish publish)
    : shard_(shard), options_(std::move(options)), publish_(std::move(publish)), nextStart_(shard.now()) {
  options_.maxTransfers = std::max<std::size_t>(options_.maxTransfers, 1);
  options_.maxTransfersPerPrimary = std::max<std::size_t>(options_.maxTransfersPerPrimary, 1);
  if (options_.stateFile.empty()) return;
  state_ = std::make_unique<ZoneState>(options_.stateFile);
  if (state_->damaged() > 0) log::warning("{}: {} damaged lines were left out", options_.stateFile, state_->damaged());
}

RefreshScheduler::~RefreshScheduler() {
  assert(steps_.empty() && "a scheduler is stopped before it is destroyed");
  for (const auto& entry : entries_) entry->remove();
}

RefreshScheduler::Entry* RefreshScheduler::entryOf(NameView origin, Class rrClass) const {
  const auto found = entries_.find(QuestionView{origin, Type::SOA, rrClass});
  return found == entries_.end() ? nullptr : found->get();
}

const ZoneKeeper* RefreshScheduler::find(NameView origin, Class rrClass) const {
  const Entry* const entry = entryOf(origin, rrClass);
  return entry ? &entry->keeper : nullptr;
}

void RefreshScheduler::add(std::shared_ptr<const SecondarySettings> settings, std::shared_ptr<const Zone> version) {
  if (Entry* const known = entryOf(version->origin(), version->rrClass())) {
    known->keeper.setSettings(std::move(settings));
    advance(*known);
    return dropIdleLanes();
  }
  const auto entry = makeLocalRef<Entry>(*this, std::move(settings), std::move(version));
  restore(entry->keeper);
  spreadStart(entry->keeper);
  entries_.insert(entry);
  arm(*entry);
}

void RefreshScheduler::restore(ZoneKeeper& keeper) {
  if (!state_) return;
  if (const auto known = state_->take(keeper.origin(), keeper.rrClass())) keeper.restore(*known);
}

void RefreshScheduler::spreadStart(ZoneKeeper& keeper) {
  const TimePoint now = shard_.now();
  if (keeper.due() > now) return;
  Duration most = longestStart;
  if (keeper.version()->isLoaded()) most = std::min<Duration>(most, ZoneTimers::of(*keeper.version()).refresh / 4);
  nextStart_ = std::max(nextStart_, now);
  keeper.delay(std::min(nextStart_, now + most));
  nextStart_ += startInterval;
}

bool RefreshScheduler::remove(NameView origin, Class rrClass) {
  const auto found = entries_.find(QuestionView{origin, Type::SOA, rrClass});
  if (found == entries_.end()) return false;
  (*found)->remove();
  entries_.erase(found);
  dropIdleLanes();
  return true;
}

bool RefreshScheduler::notify(NameView origin, Class rrClass, const Address& from, std::optional<Serial> serial) {
  Entry* const entry = entryOf(origin, rrClass);
  if (!entry) return false;
  if (entry->keeper.notified(from, serial)) advance(*entry);
  return true;
}

bool RefreshScheduler::refresh(NameView origin, Class rrClass, bool whole) {
  Entry* const entry = entryOf(origin, rrClass);
  if (!entry) return false;
  entry->keeper.refresh(whole);
  advance(*entry);
  return true;
}

void RefreshScheduler::wake(Entry& entry) noexcept {
  try {
    publish(entry, entry.keeper.wake());
    advance(entry);
  } catch (const std::exception& error) {
    log::error("zone {}: {}", entry.keeper.origin(), reasonOf(error));
  }
}

// A keeper has a step to do, or waits for its time.
void RefreshScheduler::advance(Entry& entry) {
  arm(entry);
  const ZoneKeeper::Step step = entry.keeper.next();
  if (entry.inWork || entry.removed || step.kind == StepKind::rest || !running_) return;
  Lane& lane = laneOf(entry, step.primary);
  auto& queue = step.kind == StepKind::ask ? lane.questions : lane.transfers;
  if (entry.keeper.isUrgent())
    queue.emplace_front(&entry);
  else
    queue.emplace_back(&entry);
  entry.inWork = true;
  if (step.kind == StepKind::ask) return beginQuestions(lane);
  offerTransfers(lane);
  beginTransfers();
}

void RefreshScheduler::arm(Entry& entry) {
  if (entry.removed) return;
  const TimePoint due = entry.keeper.due();
  if (due != TimePoint::max()) entry.arm(due);
}

RefreshScheduler::Lane& RefreshScheduler::laneOf(const Entry& entry, std::size_t primary) {
  const auto& server = entry.keeper.settings().primaries[primary];
  auto& lane = lanes_[server.get()];
  if (!lane) lane = std::make_unique<Lane>(server);
  return *lane;
}

// Those of primaries that no zone has any more.
void RefreshScheduler::dropIdleLanes() {
  std::erase_if(lanes_,
                [](const auto& lane) { return lane.second->isIdle() && lane.second->primary.use_count() == 1; });
}

// Whether that is still the keeper's next step: what it waited for may have changed meanwhile.
bool RefreshScheduler::isAt(const Entry& entry, StepKind kind, const Lane& lane) const {
  const ZoneKeeper::Step step = entry.keeper.next();
  return !entry.removed && step.kind == kind && entry.keeper.settings().primaries[step.primary] == lane.primary;
}

void RefreshScheduler::beginQuestions(Lane& lane) {
  while (running_ && !lane.questions.empty() && lane.primary->window().hasRoom()) {
    const LocalRef<Entry> entry = std::move(lane.questions.front());
    lane.questions.pop_front();
    if (isAt(*entry, StepKind::ask, lane)) {
      steps_.spawn(ask(entry, lane, entry->keeper.next().primary), steps_.token());
      continue;
    }
    entry->inWork = false;
    advance(*entry);
  }
}

void RefreshScheduler::offerTransfers(Lane& lane) {
  if (lane.offered || lane.transfers.empty() || lane.transferring >= options_.maxTransfersPerPrimary) return;
  lane.offered = true;
  offered_.push_back(&lane);
}

void RefreshScheduler::beginTransfers() {
  while (running_ && !offered_.empty() && transfers_ < options_.maxTransfers) {
    Lane& lane = *offered_.front();
    offered_.pop_front();
    lane.offered = false;
    const LocalRef<Entry> entry = std::move(lane.transfers.front());
    lane.transfers.pop_front();
    if (isAt(*entry, StepKind::transfer, lane)) {
      steps_.spawn(transfer(entry, lane, entry->keeper.next().primary), steps_.token());
      offerTransfers(lane);
      continue;
    }
    offerTransfers(lane);
    entry->inWork = false;
    advance(*entry);
  }
}

Task<> RefreshScheduler::ask(LocalRef<Entry> entry, Lane& lane, std::size_t primary) {
  ++lane.steps;
  try {
    co_await entry->keeper.ask(primary);
  } catch (const std::exception& error) {
    entry->keeper.stepFailed(primary, reasonOf(error));
  }
  --lane.steps;
  entry->inWork = false;
  publish(*entry, std::nullopt);
  advance(*entry);
  beginQuestions(lane);
}

Task<> RefreshScheduler::transfer(LocalRef<Entry> entry, Lane& lane, std::size_t primary) {
  ++lane.steps;
  ++lane.transferring;
  ++transfers_;
  std::optional<ZoneVersion> version;
  try {
    auto transferred = co_await entry->keeper.transfer(primary);
    version = std::move(transferred);
  } catch (const std::exception& error) {
    entry->keeper.stepFailed(primary, reasonOf(error));
  }
  if (!version && entry->keeper.hasFailed(primary)) ++failedTransfers_;
  --transfers_;
  --lane.transferring;
  --lane.steps;
  entry->inWork = false;
  publish(*entry, version);
  advance(*entry);
  offerTransfers(lane);
  beginTransfers();
}

// What has come of a step, or of a wait.
void RefreshScheduler::publish(Entry& entry, const std::optional<ZoneVersion>& version) {
  if (entry.removed) return;
  if (version || !entry.keeper.isInRound()) note(entry.keeper);
  if (!version) return;
  const auto& differences = version->differences;
  if (entry.settling) {
    entry.settling->isVoid = entry.settling->isVoid || differences.empty();
    entry.settling->since.insert(entry.settling->since.end(), differences.begin(), differences.end());
  }
  publish_(*version);
  if (!differences.empty() && !entry.settling && running_ && isWorthSettling(*version->zone))
    steps_.spawn(settle(LocalRef<Entry>(&entry)), steps_.token());
}

// Puts the version into a new image, meanwhile others may come, and brings those into it.
Task<> RefreshScheduler::settle(LocalRef<Entry> entry) {
  entry->settling = std::make_unique<Settling>();
  auto work = [version = entry->keeper.version()] { return taut::settle(*version); };
  auto settled = co_await offload(shard_, std::move(work));
  const std::unique_ptr<Settling> settling = std::move(entry->settling);
  if (!settled || settling->isVoid || entry->removed) co_return;
  const auto replayed = replay(std::move(*settled), settling->since);
  if (!replayed) co_return log::error("zone {}: it cannot be settled: {}", entry->keeper.origin(), replayed.error());
  ZoneVersion version{*replayed};
  version.isSettled = true;
  entry->keeper.replaceBySettled(version.zone);
  publish_(version);
}

void RefreshScheduler::note(const ZoneKeeper& keeper) {
  if (!state_) return;
  const auto state = keeper.state();
  if (!state) return;
  state_->note(keeper.origin(), keeper.rrClass(), *state);
  noted_.set();
}

Task<> RefreshScheduler::run() {
  assert(!running_);
  running_ = true;
  for (const auto& entry : entries_) advance(*entry);
  if (state_) steps_.spawn(saveState(), steps_.token());
  Event never;
  co_await never.wait();
  running_ = false;
  steps_.stop();
  co_await steps_.join();
  if (!state_) co_return;
  if (const auto write = state_->pending())
    if (const std::string error = (*write)(); !error.empty()) log::error("{}", error);
}

// Notes of all zones as the whole file, or those since the last time.
ZoneState::Write RefreshScheduler::whatToWrite() {
  if (!state_->isOverdue()) return *state_->pending();
  for (const auto& entry : entries_) note(entry->keeper);
  return state_->replacement();
}

Task<> RefreshScheduler::saveState() {
  for (;;) {
    const bool noted = co_await noted_.wait();
    if (!noted) co_return;
    const bool waited = co_await sleepFor(shard_, saveInterval);
    if (!waited) co_return;
    const ZoneState::Write write = whatToWrite();
    noted_.reset();
    auto copy = write;
    const auto outcome = co_await offload(shard_, std::move(copy));
    // Without a thread, or at a stop, it is done here. Where it is done twice the same lines are there twice.
    const std::string error = outcome ? *outcome : write();
    if (!error.empty() && !saveFailed_) log::error("{}; the state of secondary zones is not saved", error);
    saveFailed_ = !error.empty();
  }
}

}  // namespace taut
