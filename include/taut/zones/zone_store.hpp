// The zones that a server serves, and their files: loads them, and loads again what changed on disk.
//
// A zone of a view (`ZoneSource::view`) is a zone of its own: others may have its origin.
//
// Versions of secondary zones (`ZoneSource::isSecondary`) come from elsewhere, by `install`. The file of one is read
// once, and its version stays when the sources are replaced. Those of zones that take updates
// (`ZoneSource::takesUpdates`) do so too, while a file that has a newer serial waits for who makes the updates
// (`takeFileVersions`).
//
// What secondaries are to be told lies beside the zones: a version that gives way to one with a greater serial leaves
// the difference behind. A serial that goes back, or stays though records have changed, is loaded and draws a warning,
// or is replaced by a newer one where the source says so (`ZoneSource::serialPolicy`).
//
// A file that has changed a little becomes a change of the version that is served, which costs little memory. Of a file
// that was read again and has the same records the version stays.
//
// One thread at a time may use a store. The sets of zones that it gives out never change, and any thread may use them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "taut/base/counter.hpp"
#include "taut/dns/name.hpp"
#include "taut/zone/recent_differences.hpp"
#include "taut/zone/zone_file.hpp"
#include "taut/zone/zone_publication.hpp"
#include "taut/zone/zone_set.hpp"
#include "taut/zones/kept_zones.hpp"
#include "taut/zones/load_observer.hpp"

namespace taut {

namespace detail {
struct ZoneKey;
}  // namespace detail

// What a reload came to.
struct ZoneReload {
  std::size_t zones = 0;    // of them there are so many now
  std::size_t loaded = 0;   // anew, or for the first time
  std::size_t added = 0;    // of the loaded ones: for the first time
  std::size_t removed = 0;  // no list names them any more
  std::size_t failed = 0;   // served as they were before, or not at all
  std::size_t missing = 0;  // not served at all
  // What is wrong, in lines as the log has them; of very many the first ones.
  std::vector<std::string> errors;

  static constexpr std::size_t maxErrors = 20;
  void addError(std::string_view error) {
    if (errors.size() < maxErrors) errors.emplace_back(error);
  }
};

// A version of a secondary zone, or, not loaded, that it is served no more until another one comes.
struct ZoneInstall {
  std::shared_ptr<const Zone> zone;
  // That lead to it from the version before; none where it came whole.
  std::vector<std::shared_ptr<const ZoneDifference>> differences{};
  bool isSettled = false;  // the version that was served before, in a new image: it is no news
};

// What is wrong with the files of zones that did not load, by their views and origins: the first error of each.
using ZoneErrors = std::map<std::pair<std::string, Name>, std::string>;

// Which files a reload reads again.
enum class Reread : std::uint8_t {
  added,    // none but those of zones that are new, lists of zones apart
  changed,  // those whose size, time or place on disk is another one
  all,
};

class ZoneStore {
 public:
  using Publish = std::function<void(const ZonePublication&)>;

  // Loads with at most so many threads, 0: all cores.
  // `kept` has what is kept of zones whose sources want that (`ZoneSource::isKept`); null: nothing.
  explicit ZoneStore(unsigned threads = 0, MakeLoadObserver makeObserver = {},
                     std::shared_ptr<KeptZones> kept = nullptr);

  // Zones that are named one by one: loads them all. Throws std::runtime_error where one does not load, or is there
  // twice; its text has a line for each error of all zones, file, line and column first.
  void load(std::vector<ZoneSource> sources);

  // Adds the zones of a list, which the next reload loads. Throws std::runtime_error where the list cannot be read, or
  // has a zone that is there already.
  void addList(const std::string& path);

  // Has other zones and lists of them from now on; the next reload loads what is new. A zone that was loaded before is
  // served as it was until then, also where it comes from another file, or from a list. One whose file has to say its
  // origin is left out until a reload can load it. Where this throws, nothing has changed.
  void replaceSources(std::vector<ZoneSource> sources, const std::vector<std::string>& lists);

  // Reads the lists, and loads what is not loaded or changed on disk, or everything. A load that fails is logged, and
  // the zone is served as it was; until its files change, each reload reports it again as failed. `publish` gets all
  // zones at the end, and now and then before that, as they become ready: where the same zones are there, in the set
  // that was given out last. The log says what has changed.
  ZoneReload reload(const Publish& publish, const std::stop_token& stop, Reread reread = Reread::changed);

  // Loads the zones of this origin, whether their files changed or not: those of the view, or without one those that
  // all see.
  ZoneReload reloadZone(NameView origin, const Publish& publish, const std::stop_token& stop,
                        std::string_view view = {});

  // Has these versions served, the last one of each zone. What is neither a secondary zone nor takes updates is left
  // out: it may have ceased to be one. They take their places in the set that was given out last, and `publish` gets
  // that set, unless it is to have other zones by now. Nothing is published where all of them are left out.
  void install(std::vector<ZoneInstall> versions, const Publish& publish);

  // All of them, also those that are not loaded: the set that was given out last, or another one where zones have
  // changed since.
  std::shared_ptr<const ZoneSet> zones();

  // While zones are loaded, which may take long, has the function called now and then, on one of the threads that load:
  // it may call `install`.
  void setMeanwhile(std::function<void()> meanwhile) { meanwhile_ = std::move(meanwhile); }

  // Versions of zones that all see which have come since the last call and have a newer serial than the version before,
  // or are the first of a secondary zone: of each zone its last one. For `publish`, to tell others.
  std::vector<std::shared_ptr<const Zone>> takeNews();

  // Versions of files whose zones take updates, which have a newer serial and have come since the last call. They are
  // not served: who makes the updates makes them the next version.
  std::vector<std::shared_ptr<const Zone>> takeFileVersions() { return std::exchange(fileVersions_, {}); }

  // How many loads have failed in all reloads. May be called on any thread.
  std::uint64_t loadFailures() const { return loadFailures_; }

  // What the last loads came to, as of the last reload. May be called on any thread; never null.
  std::shared_ptr<const ZoneErrors> errors() const;

  // The differences between the versions of zones whose sources want them kept (`ZoneSource::keepsDifferences`). They
  // are there before a version is published. Never null; any thread may use them.
  const std::shared_ptr<RecentDifferences>& differences() const { return differences_; }

  // Calls the function with the path of each file that a zone is read from or a list of zones, those that master files
  // include among them. Before the first reload.
  void forEachFile(const std::function<void(const std::string& path)>& function) const;

  // Logs what there is: each zone that is loaded, with its serial and its number of records, or of many how many.
  void logZones() const;

 private:
  struct Entry {
    ZoneSource source;
    // The last one; its zone is that of the last one that succeeded, and never null. It keeps its first errors.
    ZoneLoad load;
    bool isKept = false;      // a secondary zone that has a version, or whose file has been read
    bool isRestored = false;  // one that takes updates, of which is there what was kept of it
  };
  struct List {
    std::string path;
    std::vector<Entry> entries;
  };

  // What was loaded before, for those that still name it.
  class Known;
  struct Replacement;
  static detail::ZoneKey keyOf(const Entry& entry);
  static ZoneLoad takeOver(const Entry& before, const ZoneSource& source);
  static void addSource(ZoneSource source, const Known& known, Replacement& next);
  void identify(ZoneReload& report, const std::stop_token& stop);
  void leaveOut(const ZoneLoad& load, ZoneReload& report);
  void dropFormer(ZoneReload& report);
  std::string addLoaded(std::vector<ZoneSource> sources, std::vector<ZoneLoad> loads);
  void readList(List& list, ZoneReload& report);
  void readLists(ZoneReload& report);
  std::string tryReadList(List& list, ZoneReload& report);
  void requireNew(const List& list, const std::vector<ZoneSource>& sources) const;
  void accept(Entry& entry, ZoneLoad load, ZoneReload& report);
  void take(Entry& entry, ZoneLoad load, ZoneReload& report);
  bool followVersion(const Entry& entry, ZoneLoad& load, const ZoneReload& report);
  void acceptKept(Entry& entry, ZoneLoad load, ZoneReload& report);
  void acceptFile(Entry& entry, ZoneLoad load, ZoneReload& report);
  void takeKept(Entry& entry);
  void keepDifferences(const Entry& entry, const Zone& before, const Zone& after);
  ZoneLoadOptions loadOptions() const;
  Entry* entryFor(const Zone& version);
  void install(Entry& entry, ZoneInstall version);
  bool serveInPlace(const Entry& entry);
  void forgetDifferences(const Entry& entry);
  void forgetKept(const Entry& entry);
  void refuseOriginOfAnother(const Entry& entry, ZoneLoad& load) const;
  template <typename Function>
  void forEachEntry(const Function& function) const;
  template <typename Wanted>
  std::vector<Entry*> entriesThat(const Wanted& wanted);
  void loadEntries(const std::vector<Entry*>& entries, const Publish& publish, const std::stop_token& stop,
                   ZoneReload& report);
  static void repeatErrors(const Entry& entry, ZoneReload& report);
  void countZones(ZoneReload& report) const;
  void moveEntries();
  std::shared_ptr<ZoneSet> makeSet() const;
  void publishAll(const Publish& publish);
  void publishSet(std::shared_ptr<const ZoneSet> zones, const Publish& publish);
  void logListedZones() const;

  std::unique_ptr<LoadObserver> observe(std::size_t zones) const;

  unsigned threads_;
  MakeLoadObserver makeObserver_;
  std::shared_ptr<KeptZones> kept_;
  std::function<void()> meanwhile_;  // may be empty
  std::vector<Entry> entries_;
  std::vector<List> lists_;
  std::vector<ZoneSource> unidentified_;  // their files have to say their origins, and have not yet done so
  std::vector<Entry> former_;             // not named by other sources, but perhaps by a list that is to be read
  // Those whose versions come by `install`, by the hashes of their origins; nothing: entries may have moved.
  std::optional<std::unordered_multimap<std::uint64_t, Entry*>> installable_;
  std::shared_ptr<ZoneSet> set_;  // that was given out last
  bool isSetCurrent_ = false;     // it has the zones of all entries
  RetiredVersions retired_;       // what has given way in it since the last publication
  std::vector<std::shared_ptr<const Zone>> news_;
  std::vector<std::shared_ptr<const Zone>> fileVersions_;
  std::shared_ptr<RecentDifferences> differences_ = std::make_shared<RecentDifferences>();
  Counter loadFailures_;
  mutable std::mutex errorsMutex_;
  std::shared_ptr<const ZoneErrors> errors_ = std::make_shared<ZoneErrors>();
  bool changesAreTold_ = false;  // by the log: since the zones of lists have been loaded for the first time
};

}  // namespace taut
