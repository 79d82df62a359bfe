// Keeps versions of zones on the disk, in files of a folder, so that the next start has them at once (ArchivedZone).
//
// Threads of its own wait for the disk: one writes differences, and one snapshots, so that no difference waits behind
// the snapshot of another zone. What comes while the disk is busy is synced together. What cannot be kept is told of
// once and tried again, until it can be; its zone is served meanwhile.
//
// One program at a time keeps zones in a folder: it has a lock there.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "archived_zone.hpp"
#include "taut/base/result.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/dns/name.hpp"
#include "taut/transfer/zone_keeper.hpp"
#include "taut/zone/difference_source.hpp"
#include "taut/zone/zone.hpp"

namespace taut {

class ZoneArchive {
 public:
  static constexpr std::size_t maxOpen = 16;  // journals
  // That it has open: the lock, journals, one that is written anew, one that is read, a snapshot, and the folder.
  static constexpr std::size_t maxDescriptors = maxOpen + 5;

  // Called on the archive's thread, which must not wait: with an empty text when the version is on the disk, or with
  // why it is not. Called once for each, whatever happens.
  using Done = std::function<void(const std::string& error)>;
  using Restored = ArchivedZone::Restored;
  using JournalSizes = std::unordered_map<Name, std::uint64_t, NameHash, NameEqual>;

  explicit ZoneArchive(std::string folder);
  ZoneArchive(const ZoneArchive&) = delete;
  ZoneArchive& operator=(const ZoneArchive&) = delete;
  ~ZoneArchive();  // stops

  const std::string& folder() const { return folder_; }

  // Waits so long for the program that keeps zones in the folder to end. Why it is still not ours, or an empty text.
  // Without it, the first version that is to be kept tries once.
  std::string own(std::chrono::milliseconds patience);

  // The last version that was kept, by whatever program. On any thread; before `keep` of the zone, which goes on from
  // there. A failure names the file: it is damaged, or none of ours.
  Result<Restored, std::string> restore(NameView origin);
  // Whether another program has kept a version of the zone since `restore`. On any thread.
  bool hasChanged(NameView origin) const;
  // The last differences that lead to this very version, as `keepDifferences` has kept them. On any thread.
  Result<DifferenceSource::Differences, std::string> differencesTo(const Zone& zone) const;

  // How many octets the journals of these zones may take, ArchivedZone::defaultOctets for the others. On any thread.
  void setJournalSizes(JournalSizes sizes);

  // Versions of one zone come in the order in which they are served. With differences, they lead to it from the version
  // before. On any thread; it does not wait.
  //
  // With `done` the version counts only if that is told of no error: else the one before is the last one, and what
  // comes next begins there. A zone whose files were refused by `restore` gets an error until they are gone, and one of
  // which another program has kept versions since `restore` until the next start. Without `done` the version is served
  // whatever happens, and replaces such files.
  void keep(const ZoneVersion& version, Done done = {});
  // This version is served: it is kept where another one was kept, or none.
  void ensure(std::shared_ptr<const Zone> version);
  // The differences that lead to the version from the one before, of a zone that is read from a file: they are all that
  // is kept. None: those before lead nowhere any more.
  void keepDifferences(const Zone& version, DifferenceSource::Differences differences);
  // The zone is no more: its files go. `done`, if it is one, is called on the archive's thread when they are gone.
  void forget(const Name& origin, std::function<void()> done = {});
  // `done` is called when what was given before is on the disk, as far as it can be kept: at once, or on a thread of
  // the archive, which must not wait. On any thread.
  void whenKept(std::function<void()> done);

  // What was given before is kept, and the threads end. What comes afterwards is not kept.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  struct Order {
    ZoneVersion version;
    Done done;
    std::vector<std::shared_ptr<void>> kept{};  // released when the version is on the disk, or will not be
  };
  struct Kept;
  // What `restore` has found.
  struct Known {
    ArchivedZone::Reach reach{};
    std::int64_t changed = 0;
    std::string refused{};  // why the files could not be read; empty: they could
  };
  struct Image {
    Name origin{};
    std::shared_ptr<const Zone> zone{};
    std::string path{};
    ArchivedZone::Reach reach{};  // when it was begun
    bool isRequired = false;      // by the first order that waits
  };

  bool hasBegun() const;
  bool post(std::function<void()> task);
  std::string tryOwn();
  void giveUp();
  std::uint64_t journalOctetsOf(const Name& origin) const;

  // On the thread of journals.
  void run(const std::stop_token& stop);
  std::vector<std::function<void()>> nextTasks(const std::stop_token& stop);
  bool isAtEnd(const std::stop_token& stop) const;
  Kept& keptOf(const Name& origin);
  void take(Order order);
  void takeDifferences(const Name& origin, const DifferenceSource::Differences& differences);
  void advance(Kept& zone);
  std::string reasonAgainst(Kept& zone, const Order& order) const;
  void holdUntilKept(const std::shared_ptr<void>& kept);
  void startImage(Kept& zone, const std::shared_ptr<const Zone>& version, bool isRequired);
  void imaged(const Image& image, std::string error);
  void syncAll();
  void sync(Kept& zone);
  void finish(Kept& zone, const Order& order, const std::string& error);
  void failed(Kept& zone, const std::string& error);
  void succeeded(Kept& zone);
  void retryFailed();
  void drop(const Name& origin);
  void touch(Kept& zone);
  void close(Kept& zone);
  void writeImagesAtEnd();

  // On the thread of snapshots.
  void runImages(const std::stop_token& stop);

  const std::string folder_;
  std::mutex lockMutex_;
  UniqueFd lock_;

  mutable std::mutex mutex_;
  std::condition_variable_any wanted_;
  std::condition_variable_any imageWanted_;
  bool stopped_ = false;
  std::vector<std::function<void()>> tasks_;
  std::deque<Image> images_;
  std::size_t imagesUnderWay_ = 0;
  std::unordered_map<Name, Known, NameHash, NameEqual> restored_;
  std::shared_ptr<const JournalSizes> sizes_ = std::make_shared<const JournalSizes>();

  // Of the thread of journals.
  std::unordered_map<Name, std::unique_ptr<Kept>, NameHash, NameEqual> zones_;
  std::list<Kept*> open_;  // those whose journal is open, the one that was used last at the end
  std::unordered_set<Kept*> unsynced_;
  std::vector<std::shared_ptr<void>> untilSynced_;  // released then
  std::unordered_set<Kept*> failing_;
  Clock::time_point retry_{};

  std::jthread thread_;  // from the first order on; these use what is above
  std::jthread imageThread_;
};

}  // namespace taut
