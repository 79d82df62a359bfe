// Keeps secondary zones up to date, and tells other servers of new versions: a shard of its own without listeners, on a
// thread of its own, so that nothing that it waits for delays an answer.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "management/snapshot.hpp"
#include "taut/base/counter.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/name.hpp"
#include "taut/io/engine_choice.hpp"
#include "taut/io/shard.hpp"
#include "taut/resolver/resolver.hpp"
#include "taut/server/notification.hpp"
#include "taut/server/transfer_quota.hpp"
#include "taut/transfer/notifier.hpp"
#include "taut/transfer/primary.hpp"
#include "taut/transfer/refresh_scheduler.hpp"
#include "taut/transfer/zone_keeper.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_set.hpp"
#include "taut/zones/zone_store.hpp"
#include "updater.hpp"
#include "upkeep_plan.hpp"
#include "zone_archive.hpp"
#include "zone_files.hpp"

namespace taut {

class Upkeep {
 public:
  // Takes versions that are to be served, on the thread; `served` is called when they are, where it is not empty.
  using Publish = std::function<void(ZoneInstall, std::function<void()> served)>;

  // Versions, and what is known of zones, are kept in the folder of the archive, which outlives this; null: nowhere.
  // Throws IoUnavailable.
  Upkeep(EngineKind engine, ZoneArchive* archive, Publish publish);
  Upkeep(const Upkeep&) = delete;
  Upkeep& operator=(const Upkeep&) = delete;
  ~Upkeep();  // stops

  // From now on these zones are kept, and begin with the versions that the set has. A zone that was kept before goes on
  // with its version and its times; with the same primaries nothing changes for it. The first plan that has zones
  // starts the thread.
  void replace(std::shared_ptr<const UpkeepPlan> plan, std::shared_ptr<const ZoneSet> zones);
  // Carries out the updates that have come, ends what else is under way, and waits for the thread.
  void stop();

  // A NOTIFY of which the plan says what is done. On the thread of any shard.
  NotifyVerdict notified(const UpkeepPlan& plan, const Notification& notification);
  // Carries out a dynamic update of which the plan says who may send it, or sends it on to the zone's primary; gives
  // the RCODE of the reply. On the thread of that shard. Too many at once are SERVFAIL. One whose sender does not wait
  // any more may be carried out nevertheless.
  Task<Rcode> update(std::shared_ptr<const UpkeepPlan> plan, Shard& shard, const Query& query, ServedZone zone);
  // Files of zones that are updated have these versions.
  void filesChanged(std::vector<std::shared_ptr<const Zone>> versions);
  // These versions are served now: tells those whom the plan names.
  void changed(std::vector<std::shared_ptr<const Zone>> versions);

  // Checks the zone now; with `whole` takes it whole, whatever its serial. False where it is no secondary.
  bool refresh(const Name& origin, bool whole);
  // Tells those whom the plan names of this version, which is served. False where it names none.
  bool notify(std::shared_ptr<const Zone> version);
  // Writes this version, which is served: of a zone that takes updates in place of its master file. False where the
  // zone has no file that is written.
  bool flush(std::shared_ptr<const Zone> version, ZoneFiles::Done done);
  struct Discarded {
    Name origin;
    std::string file;  // that was written; empty: none
  };
  // Removes what is kept of secondary zones that are none any more, and calls `done`, if it is one, when it is gone.
  void discard(std::vector<Discarded> zones, std::function<void()> done);
  // What is known of a zone, on the thread; nothing where it is no secondary.
  void describe(const Name& origin, std::function<void(std::optional<SecondaryStatus>)> done);

  // As of a second ago, or since the last time that somebody asked.
  SecondaryCounts counts();

 private:
  struct Kept {
    std::shared_ptr<const SecondarySettings> settings;
    std::string file;
    bool isKept = false;  // in the archive
    std::shared_ptr<const std::vector<NotifyTarget>> targets;
  };
  // What lives on the thread.
  struct Work {
    Work(Shard& shard, RefreshOptions options, RefreshScheduler::Publish publish, Updater::Keep keep,
         Updater::Publish publishUpdated)
        : scheduler(shard, std::move(options), std::move(publish)),
          notifier(shard),
          updater(shard, std::move(keep), std::move(publishUpdated)) {}

    RefreshScheduler scheduler;
    Notifier notifier;
    Updater updater;
  };

  void run(const std::function<void()>& takeFirst) noexcept;
  std::unique_ptr<Work> makeWork();
  Task<> serve(const std::function<void()>& takeFirst);
  std::shared_ptr<const UpkeepPlan> plan() const;

  // On the thread.
  void take(const UpkeepPlan& plan, const ZoneSet& zones);
  void takeZone(const Name& origin, const UpkeepPlan::Zone& zone, const ZoneSet& zones);
  std::shared_ptr<const SecondarySettings> settingsFor(const UpkeepPlan::Servers& servers);
  std::shared_ptr<Primary> primaryFor(const PrimaryOptions& options);
  void keep(Kept& kept, const UpkeepPlan::Zone& zone, const std::shared_ptr<const Zone>& version);
  void forget(const Name& origin, const Kept& kept);
  void publish(const ZoneVersion& version);
  void carryOut(const Name& origin, UpdateOrder order);
  Task<> forward(std::shared_ptr<const SecondarySettings> settings, Name origin, UpdateOrder order);
  void tell(const Zone& version);
  void count();
  std::optional<SecondaryStatus> describe(const Name& origin) const;

  ZoneArchive* const archive_;
  const Publish publish_;
  Shard shard_;
  mutable std::mutex planMutex_;
  std::shared_ptr<const UpkeepPlan> plan_ = std::make_shared<UpkeepPlan>();
  std::unordered_map<Name, Kept, NameHash, NameEqual> zones_;
  std::vector<std::pair<PrimaryOptions, std::weak_ptr<Primary>>> primaries_;
  std::map<std::vector<const Primary*>, std::weak_ptr<const SecondarySettings>> settings_;
  TaskScope services_;
  std::mutex countsMutex_;
  SecondaryCounts counts_;
  std::optional<TimePoint> countAgain_;  // with the mutex; nothing: at once
  Counter received_;
  const std::shared_ptr<TransferQuota> updates_;  // that are under way
  std::atomic<bool> isStopped_ = false;
  ZoneFiles files_;
  std::unique_ptr<Work> work_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace taut
