// Does what the keepers of secondary zones have to do, when it is due: one object for all zones of one shard.
//
// - A zone that rests is a timer of the shard. What is due waits in a list of its primary until there is room in that
//   primary's window of questions, and what is to be transferred until there is a place among the transfers: so there
//   are no more coroutines than questions and transfers under way, however many zones are due.
// - Zones that are due when they are added, after a long downtime say, begin one after the other, half a millisecond
//   apart, but within a quarter of their refresh time and within a minute.
// - A zone that a NOTIFY has come for goes before those that are only due.
// - A version that has changed much is settled in a thread, and published again as the same one.
// - With a state file, a restart goes on with the timers where they were.
//
// All on the shard's thread. `run` is a task of whoever owns the scheduler; when its token stops, everything ends soon.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "taut/base/address.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/local_ref.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/question.hpp"
#include "taut/dns/serial.hpp"
#include "taut/dns/type.hpp"
#include "taut/io/shard.hpp"
#include "taut/transfer/primary.hpp"
#include "taut/transfer/zone_keeper.hpp"
#include "taut/transfer/zone_state.hpp"
#include "taut/zone/zone.hpp"

namespace taut {

struct RefreshOptions {
  std::size_t maxTransfers = 10;           // at a time, at least 1
  std::size_t maxTransfersPerPrimary = 2;  // likewise
  std::string stateFile{};                 // empty: none
};

class RefreshScheduler {
 public:
  // Takes each version that is to be served from now on. It does not call the scheduler.
  using Publish = std::function<void(const ZoneVersion& version)>;

  // Throws std::runtime_error where the state file cannot be read or made.
  RefreshScheduler(Shard& shard, RefreshOptions options, Publish publish);
  RefreshScheduler(const RefreshScheduler&) = delete;
  RefreshScheduler& operator=(const RefreshScheduler&) = delete;
  // After `run`, or where it was never awaited.
  ~RefreshScheduler();

  // One more zone: the version that is served now, or `Zone::notLoaded` of its origin. Where there is a zone of the
  // same origin and class, its version stays, and has other settings. Throws as ZoneKeeper does.
  void add(std::shared_ptr<const SecondarySettings> settings, std::shared_ptr<const Zone> version);
  // False where there is none. Nothing of it is published any more.
  bool remove(NameView origin, Class rrClass = Class::IN);

  // A NOTIFY has come, of which it is known that it may (RFC 1996 section 3.10). False where there is no such zone.
  bool notify(NameView origin, Class rrClass, const Address& from, std::optional<Serial> serial);
  // Checks the zone now; with `whole` it is taken whole, whatever its serial. False where there is no such zone.
  bool refresh(NameView origin, Class rrClass = Class::IN, bool whole = false);

  // For a list of zones; null where there is none. Valid until the zone is removed.
  const ZoneKeeper* find(NameView origin, Class rrClass = Class::IN) const;
  std::size_t size() const { return entries_.size(); }
  std::size_t transfers() const { return transfers_; }  // under way
  std::uint64_t failedTransfers() const { return failedTransfers_; }

  // Until the token of the task stops. Once.
  Task<> run();

 private:
  class Entry;
  struct Lane;
  struct Settling;
  struct EntryHash {
    using is_transparent = void;
    std::size_t operator()(const LocalRef<Entry>& entry) const;
    std::size_t operator()(const QuestionView& zone) const;
  };
  struct EntryEqual {
    using is_transparent = void;
    bool operator()(const LocalRef<Entry>& left, const LocalRef<Entry>& right) const;
    bool operator()(const LocalRef<Entry>& left, const QuestionView& right) const;
    bool operator()(const QuestionView& left, const LocalRef<Entry>& right) const { return (*this)(right, left); }
  };
  using Entries = std::unordered_set<LocalRef<Entry>, EntryHash, EntryEqual>;

  Entry* entryOf(NameView origin, Class rrClass) const;
  void restore(ZoneKeeper& keeper);
  void spreadStart(ZoneKeeper& keeper);
  void wake(Entry& entry) noexcept;
  void advance(Entry& entry);
  void arm(Entry& entry);
  Lane& laneOf(const Entry& entry, std::size_t primary);
  void dropIdleLanes();
  bool isAt(const Entry& entry, ZoneKeeper::Step::Kind kind, const Lane& lane) const;
  void beginQuestions(Lane& lane);
  void offerTransfers(Lane& lane);
  void beginTransfers();
  Task<> ask(LocalRef<Entry> entry, Lane& lane, std::size_t primary);
  Task<> transfer(LocalRef<Entry> entry, Lane& lane, std::size_t primary);
  void publish(Entry& entry, const std::optional<ZoneVersion>& version);
  Task<> settle(LocalRef<Entry> entry);
  void note(const ZoneKeeper& keeper);
  Task<> saveState();
  ZoneState::Write whatToWrite();

  Shard& shard_;
  RefreshOptions options_;
  Publish publish_;
  std::unique_ptr<ZoneState> state_;  // null: none
  Event noted_;
  bool saveFailed_ = false;
  Entries entries_;
  std::unordered_map<const Primary*, std::unique_ptr<Lane>> lanes_;
  std::deque<Lane*> offered_;  // those that have a transfer to begin, each once, in turn
  std::size_t transfers_ = 0;
  std::uint64_t failedTransfers_ = 0;
  TimePoint nextStart_;  // of a zone that is due when it is added
  TaskScope steps_;
  bool running_ = false;
};

}  // namespace taut
