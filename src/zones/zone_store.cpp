#include "taut/zones/zone_store.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "hash_name.hpp"
#include "next_version.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/base/text.hpp"
#include "taut/dns/serial.hpp"
#include "taut/zone/difference_between.hpp"
#include "taut/zones/zone_list.hpp"
#include "zone_log.hpp"

namespace taut {

using detail::HashName;
using detail::HashZoneKey;
using detail::ZoneKey;

namespace {

// Paces work that is worth repeating now and then: after a run, the next is due when twenty times its duration has
// passed.
class Pace {
 public:
  using Clock = std::chrono::steady_clock;

  bool isDue() const { return Clock::now() >= next_; }

  template <class Function>
  void run(const Function& function) {
    const auto begin = Clock::now();
    function();
    const auto end = Clock::now();
    next_ = end + std::max<Clock::duration>(shortest, 20 * (end - begin));
  }

 private:
  static constexpr std::chrono::milliseconds shortest{100};

  Clock::time_point next_ = Clock::now();
};

// Until the file is mended, each reload tells them again.
void keepFirstErrors(std::vector<Diagnostic>& diagnostics) {
  std::erase_if(diagnostics, [](const Diagnostic& diagnostic) { return !diagnostic.isError(); });
  if (diagnostics.size() > ZoneReload::maxErrors) diagnostics.resize(ZoneReload::maxErrors);
  diagnostics.shrink_to_fit();
}

// That a file was read in a way that is to be tried again: no file has this version.
std::vector<FileStamp> neverCurrent(const std::string& path) {
  return {{path, FileVersion{.inode = std::numeric_limits<std::uint64_t>::max()}}};
}

// Not read yet, or read in another way from now on.
bool isNew(const ZoneLoad& load) {
  const auto isNever = [](const FileStamp& file) { return file == neverCurrent(file.path).front(); };
  return std::ranges::any_of(load.files, isNever) || (!load.zone->isLoaded() && load.diagnostics.empty());
}

void logServedAsBefore(const std::string& path) {
  log::error("{}: the zone is served as it was before", path);
}

void logDiagnostics(const ZoneLoad& load) {
  for (const Diagnostic& diagnostic : load.diagnostics) {
    if (diagnostic.isError())
      log::error("{}", diagnostic.toString());
    else
      log::warning("{}", diagnostic.toString());
  }
}

std::string thereAlready(const ZoneKey& zone, const std::string& path) {
  return fmt::format("zone {}{} is there already, from {}; expected it once", zone.origin, detail::ofView(zone.view),
                     path);
}

Diagnostic errorOf(const ZoneSource& source, std::string message) {
  Diagnostic diagnostic;
  diagnostic.file = std::make_shared<const std::string>(source.path);
  diagnostic.message = std::move(message);
  return diagnostic;
}

class NoObserver final : public LoadObserver {
 public:
  void addRecords(std::size_t) override {}
  void addZone() override {}
};

}  // namespace

ZoneStore::ZoneStore(unsigned threads, MakeLoadObserver makeObserver, std::shared_ptr<KeptZones> kept)
    : threads_(threads), makeObserver_(std::move(makeObserver)), kept_(std::move(kept)) {}

ZoneLoadOptions ZoneStore::loadOptions() const {
  ZoneLoadOptions options;
  options.threads = threads_;
  if (kept_) options.restore = [kept = kept_](const ZoneSource& source) { return kept->restore(source); };
  return options;
}

ZoneKey ZoneStore::keyOf(const Entry& entry) {
  return {entry.source.view, entry.load.zone->origin()};
}

std::unique_ptr<LoadObserver> ZoneStore::observe(std::size_t zones) const {
  if (makeObserver_) return makeObserver_(zones);
  return std::make_unique<NoObserver>();
}

void ZoneStore::load(std::vector<ZoneSource> sources) {
  moveEntries();
  const auto observer = observe(sources.size());
  std::mutex mutex;
  ZoneLoadOptions options = loadOptions();
  options.progress = [&](std::size_t records) {
    const std::lock_guard lock(mutex);
    observer->addRecords(records);
    return true;
  };
  std::vector<ZoneLoad> loads(sources.size());
  loadZones(sources, options, [&](std::size_t index, ZoneLoad load) {
    const std::lock_guard lock(mutex);
    observer->addZone();
    loads[index] = std::move(load);
  });
  const std::string errors = addLoaded(std::move(sources), std::move(loads));
  // What is read after this is compared with the zones that have been loaded.
  std::erase_if(entries_, [](const Entry& entry) { return !entry.load.ok(); });
  if (!errors.empty()) throw std::runtime_error(errors);
  for (Entry& entry : entries_) {
    logDiagnostics(entry.load);
    entry.load.diagnostics = std::vector<Diagnostic>();
    entry.isKept = entry.source.isSecondary;
    takeKept(entry);
  }
}

// What is wrong with them, a line for each error.
std::string ZoneStore::addLoaded(std::vector<ZoneSource> sources, std::vector<ZoneLoad> loads) {
  std::string errors;
  std::unordered_map<ZoneKey, std::size_t, HashZoneKey> known;
  for (std::size_t i = 0; i < loads.size(); ++i) {
    if (loads[i].ok()) {
      const auto [first, isNew] = known.emplace(ZoneKey{sources[i].view, loads[i].zone->origin()}, i);
      if (!isNew) {
        const std::string& path = entries_[first->second].source.path;
        loads[i].diagnostics.push_back(errorOf(sources[i], thereAlready(first->first, path)));
      }
    }
    for (const Diagnostic& diagnostic : loads[i].diagnostics)
      if (diagnostic.isError()) errors.append(errors.empty() ? "" : "\n").append(diagnostic.toString());
    entries_.push_back({std::move(sources[i]), std::move(loads[i])});
  }
  return errors;
}

void ZoneStore::addList(const std::string& path) {
  moveEntries();
  ZoneReload added;
  lists_.push_back({path, {}});
  readList(lists_.back(), added);
}

class ZoneStore::Known {
 public:
  void add(const Entry& entry) {
    byKey_.emplace(keyOf(entry), &entry);
    const auto [found, isNew] = byPath_.emplace(File(entry.source.view, entry.source.path), &entry);
    if (!isNew && !entry.source.origin) found->second = &entry;
  }

  // The entry for the same zone, null where there is none.
  const Entry* find(const ZoneSource& source) const {
    return source.origin ? find(ZoneKey{source.view, source.origin->view()}) : findFile(source);
  }
  const Entry* find(const ZoneKey& key) const {
    const auto found = byKey_.find(key);
    return found == byKey_.end() ? nullptr : found->second;
  }

 private:
  using File = std::pair<std::string_view, std::string_view>;  // the view and the path
  struct HashFile {
    std::size_t operator()(const File& file) const {
      return std::hash<std::string_view>()(file.first) ^ std::hash<std::string_view>()(file.second);
    }
  };

  const Entry* findFile(const ZoneSource& source) const {
    const auto found = byPath_.find(File(source.view, source.path));
    return found == byPath_.end() ? nullptr : found->second;
  }

  std::unordered_map<ZoneKey, const Entry*, HashZoneKey> byKey_;
  std::unordered_map<File, const Entry*, HashFile> byPath_;  // rather those whose files say their origins
};

// The load that the zone had before, for a source of it. The next reload looks at the file where that is read in
// another way now.
ZoneLoad ZoneStore::takeOver(const Entry& before, const ZoneSource& source) {
  ZoneLoad load = before.load;
  const bool readOtherwise = before.source.path != source.path || before.source.isSecondary != source.isSecondary ||
                             before.source.takesUpdates != source.takesUpdates ||
                             before.source.origin.has_value() != source.origin.has_value();
  if (readOtherwise) load.files = neverCurrent(source.path);
  return load;
}

// What there is when the sources have been replaced.
struct ZoneStore::Replacement {
  std::vector<Entry> entries;
  std::vector<ZoneSource> unidentified;
  std::vector<Entry> former;
  std::unordered_set<ZoneKey, HashZoneKey> served;  // of the entries, and of the lists that stay
};

// Entries are about to come, go or move.
void ZoneStore::moveEntries() {
  installable_.reset();
  isSetCurrent_ = false;
}

// What is there before stays until all that can throw is done.
void ZoneStore::replaceSources(std::vector<ZoneSource> sources, const std::vector<std::string>& lists) {
  moveEntries();
  Known known;
  forEachEntry([&known](const Entry& entry) { known.add(entry); });
  for (const Entry& entry : former_) known.add(entry);
  Replacement next;
  std::vector<List> nextLists;
  std::vector<List*> kept;
  for (const std::string& path : lists) {
    const auto same = std::ranges::find(lists_, path, &List::path);
    nextLists.push_back({path, {}});
    kept.push_back(same == lists_.end() ? nullptr : &*same);
    if (kept.back())
      for (const Entry& entry : same->entries) next.served.insert(keyOf(entry));
  }
  for (const bool named : {true, false})
    for (ZoneSource& source : sources)
      if (source.origin.has_value() == named) addSource(std::move(source), known, next);
  const auto addFormer = [&next](const Entry& entry) {
    if (next.served.insert(keyOf(entry)).second) next.former.push_back(entry);
  };
  forEachEntry(addFormer);
  for (const Entry& entry : former_) addFormer(entry);

  changesAreTold_ = true;
  entries_.swap(next.entries);
  for (std::size_t i = 0; i < kept.size(); ++i)
    if (kept[i]) nextLists[i].entries.swap(kept[i]->entries);
  lists_.swap(nextLists);
  unidentified_.swap(next.unidentified);
  former_.swap(next.former);
}

void ZoneStore::addSource(ZoneSource source, const Known& known, Replacement& next) {
  const Entry* const before = known.find(source);
  // Of two sources for one origin, the one whose file says its origin comes second, and is refused when it is loaded.
  if (!source.origin && (!before || next.served.contains(keyOf(*before))))
    return next.unidentified.push_back(std::move(source));
  ZoneLoad load;
  if (before)
    load = takeOver(*before, source);
  else
    load.zone = Zone::notLoaded(*source.origin, source.rrClass);
  next.served.insert({source.view, load.zone->origin()});
  const bool isKept = source.isSecondary && before && (before->isKept || before->load.zone->isLoaded());
  const bool isRestored = source.takesUpdates && before && before->source.takesUpdates && before->isRestored;
  next.entries.push_back({std::move(source), std::move(load), isKept, isRestored});
}

// Loads those whose files have to say their origins. One that fails is tried again at the next reload.
void ZoneStore::identify(ZoneReload& report, const std::stop_token& stop) {
  if (unidentified_.empty()) return;
  std::unordered_map<ZoneKey, std::string, HashZoneKey> origins;
  const auto addOrigin = [&](const Entry& entry) { origins.emplace(keyOf(entry), entry.source.path); };
  forEachEntry(addOrigin);
  Known former;
  for (const Entry& entry : former_) former.add(entry);
  ZoneLoadOptions options;
  options.progress = [&stop](std::size_t) { return !stop.stop_requested(); };
  std::vector<ZoneSource> failed;
  for (const ZoneSource& source : unidentified_) {
    ZoneLoad load = loadZone(source, options);
    if (stop.stop_requested()) return;
    if (load.ok()) {
      if (const auto other = origins.find({source.view, load.zone->origin()}); other != origins.end()) {
        load.diagnostics.push_back(errorOf(source, thereAlready(other->first, other->second)));
        load.zone = nullptr;
      }
    }
    if (!load.ok()) {
      leaveOut(load, report);
      failed.push_back(source);
      continue;
    }
    Entry entry{source, {}};
    const Entry* const before = former.find(ZoneKey{source.view, load.zone->origin()});
    entry.load.zone = before ? before->load.zone : Zone::notLoaded(load.zone->origin(), load.zone->rrClass());
    accept(entry, std::move(load), report);
    addOrigin(entry);
    entries_.push_back(std::move(entry));
  }
  unidentified_.swap(failed);
}

void ZoneStore::leaveOut(const ZoneLoad& load, ZoneReload& report) {
  ++loadFailures_;
  ++report.failed;
  logDiagnostics(load);
  for (const Diagnostic& diagnostic : load.diagnostics)
    if (diagnostic.isError()) report.addError(diagnostic.toString());
}

// What nothing has served since the sources were replaced is gone.
void ZoneStore::dropFormer(ZoneReload& report) {
  if (former_.empty()) return;
  std::unordered_set<ZoneKey, HashZoneKey> served;
  forEachEntry([&served](const Entry& entry) { served.insert(keyOf(entry)); });
  for (const Entry& entry : former_) {
    if (served.contains(keyOf(entry))) continue;
    ++report.removed;
    forgetDifferences(entry);
    forgetKept(entry);
    detail::logRemoved(*entry.load.zone, entry.source.view, report);
  }
  former_.clear();
}

template <typename Function>
void ZoneStore::forEachEntry(const Function& function) const {
  for (const Entry& entry : entries_) function(entry);
  for (const List& list : lists_)
    for (const Entry& entry : list.entries) function(entry);
}

template <typename Wanted>
std::vector<ZoneStore::Entry*> ZoneStore::entriesThat(const Wanted& wanted) {
  std::vector<Entry*> found;
  const auto collect = [&](std::vector<Entry>& entries) {
    for (Entry& entry : entries)
      if (wanted(entry)) found.push_back(&entry);
  };
  collect(entries_);
  for (List& list : lists_) collect(list.entries);
  return found;
}

ZoneReload ZoneStore::reload(const Publish& publish, const std::stop_token& stop, Reread reread) {
  ZoneReload report;
  if (reread != Reread::added) {
    if (!lists_.empty() || !unidentified_.empty()) moveEntries();
    readLists(report);
    identify(report, stop);
  }
  if (stop.stop_requested()) return report;
  dropFormer(report);
  const auto isWanted = [&](const Entry& entry) {
    if (entry.source.isSecondary) return !entry.isKept;
    if (reread == Reread::added) return isNew(entry.load);
    if (reread == Reread::all || !entry.load.zone->isLoaded() || entry.load.filesChanged()) return true;
    repeatErrors(entry, report);
    return false;
  };
  loadEntries(entriesThat(isWanted), publish, stop, report);
  countZones(report);
  if (stop.stop_requested()) return report;
  publishAll(publish);
  if (reread == Reread::added) {
    if (report.added + report.removed + report.failed > 0) detail::logReload(report);
    return report;
  }
  // At first it is not a change that the zones of a list are there.
  const bool first = !lists_.empty() && !std::exchange(changesAreTold_, true);
  if (first)
    logListedZones();
  else
    detail::logReload(report);
  if (first || report.missing > 0) detail::logTotal(report);
  return report;
}

// A zone may move from one list to another, whichever is read first: what is wrong with a list is looked at again when
// the others have been read.
void ZoneStore::readLists(ZoneReload& report) {
  std::vector<List*> wrong;
  for (List& list : lists_)
    if (!tryReadList(list, report).empty()) wrong.push_back(&list);
  for (List* const list : wrong) {
    const std::string reasons = tryReadList(*list, report);
    for (std::string_view rest = reasons; !rest.empty();) {
      const std::string_view reason = takeLine(rest);
      log::error("{}", reason);
      report.addError(std::string(reason));
    }
    if (!reasons.empty()) log::error("{}: the zones of the list are served as they were before", list->path);
  }
}

// What is wrong with the list, a line for each mistake.
std::string ZoneStore::tryReadList(List& list, ZoneReload& report) {
  try {
    readList(list, report);
    return {};
  } catch (const std::exception& error) {
    return reasonOf(error);
  }
}

ZoneReload ZoneStore::reloadZone(NameView origin, const Publish& publish, const std::stop_token& stop,
                                 std::string_view view) {
  ZoneReload report;
  const auto isMeant = [&](const Entry& entry) {
    return entry.load.zone->origin() == origin && entry.source.view == view && !entry.isKept;
  };
  loadEntries(entriesThat(isMeant), publish, stop, report);
  countZones(report);
  if (!stop.stop_requested()) publishAll(publish);
  return report;
}

// A file that did not load, and is as it was then, would not load now.
void ZoneStore::repeatErrors(const Entry& entry, ZoneReload& report) {
  if (entry.load.diagnostics.empty()) return;
  ++report.failed;
  logDiagnostics(entry.load);
  for (const Diagnostic& diagnostic : entry.load.diagnostics) report.addError(diagnostic.toString());
  logServedAsBefore(entry.source.path);
}

// The errors first: a zone is never seen without them once its set is there.
void ZoneStore::publishAll(const Publish& publish) {
  auto errors = std::make_shared<ZoneErrors>();
  forEachEntry([&errors](const Entry& entry) {
    if (entry.load.diagnostics.empty()) return;
    errors->emplace(std::pair(entry.source.view, Name(entry.load.zone->origin())),
                    entry.load.diagnostics.front().toString());
  });
  {
    const std::lock_guard lock(errorsMutex_);
    errors_ = std::move(errors);
  }
  publishSet(zones(), publish);
}

// What has been retired stays so where somebody may not have been told of it.
void ZoneStore::publishSet(std::shared_ptr<const ZoneSet> zones, const Publish& publish) {
  ZonePublication publication{std::move(zones)};
  if (!retired_.empty()) publication.retired = std::make_shared<const RetiredVersions>(retired_);
  publish(publication);
  retired_.clear();
}

std::shared_ptr<const ZoneErrors> ZoneStore::errors() const {
  const std::lock_guard lock(errorsMutex_);
  return errors_;
}

void ZoneStore::loadEntries(const std::vector<Entry*>& entries, const Publish& publish, const std::stop_token& stop,
                            ZoneReload& report) {
  std::vector<ZoneSource> sources;
  for (const Entry* entry : entries) {
    sources.push_back(entry->source);
    if (entry->isRestored) sources.back().isKept = false;
  }
  std::mutex mutex;
  const auto observer = observe(entries.size());
  Pace pace;
  bool ready = false;  // a zone has been loaded since the last publication
  const auto publishReady = [&] {
    if (!ready || !pace.isDue()) return;
    pace.run([&] { publishSet(zones(), publish); });
    ready = false;
  };
  ZoneLoadOptions options = loadOptions();
  options.progress = [&](std::size_t records) {
    const std::lock_guard lock(mutex);
    observer->addRecords(records);
    publishReady();
    if (meanwhile_) meanwhile_();
    return !stop.stop_requested();
  };
  loadZones(sources, options, [&](std::size_t index, ZoneLoad load) {
    const std::lock_guard lock(mutex);
    if (!load.ok()) ++loadFailures_;
    accept(*entries[index], std::move(load), report);
    observer->addZone();
    ready = true;
    publishReady();
    if (meanwhile_) meanwhile_();
  });
}

// A zone that was loaded from the same file for the same origin is kept, so that only changes cost anything. The list
// stays as it was where an exception is thrown.
void ZoneStore::readList(List& list, ZoneReload& report) {
  std::vector<ZoneSource> sources = readZoneList(list.path);
  requireNew(list, sources);
  std::map<std::pair<Name, std::string>, ZoneLoad*> known;
  for (Entry& entry : list.entries) known.emplace(std::pair(*entry.source.origin, entry.source.path), &entry.load);
  Known former;
  for (const Entry& entry : former_) former.add(entry);
  std::vector<Entry> entries;
  std::vector<ZoneLoad*> kept;
  entries.reserve(sources.size());
  kept.reserve(sources.size());
  for (ZoneSource& source : sources) {
    const auto found = known.extract(std::pair(*source.origin, source.path));
    kept.push_back(found ? found.mapped() : nullptr);
    ZoneLoad load;
    if (const Entry* const before = found ? nullptr : former.find(source))
      load = takeOver(*before, source);
    else if (!found)
      load.zone = Zone::notLoaded(*source.origin, source.rrClass);
    entries.push_back({std::move(source), std::move(load)});
  }
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (kept[i]) entries[i].load = std::move(*kept[i]);
  std::unordered_set<NameView, HashName> listed;
  if (!known.empty())
    for (const Entry& entry : entries) listed.insert(*entry.source.origin);
  for (const auto& [source, load] : known) {
    if (listed.contains(source.first)) continue;
    ++report.removed;
    differences_->forget(load->zone->origin(), load->zone->rrClass());
    detail::logRemoved(*load->zone, {}, report);
  }
  list.entries = std::move(entries);
}

// Throws where another list, or an option, has one of the zones too.
void ZoneStore::requireNew(const List& list, const std::vector<ZoneSource>& sources) const {
  std::unordered_map<NameView, const std::string*, HashName> others;
  const auto addAll = [&others](const std::vector<Entry>& entries) {
    for (const Entry& entry : entries)
      if (entry.source.view.empty()) others.emplace(entry.load.zone->origin(), &entry.source.path);
  };
  addAll(entries_);
  for (const List& other : lists_)
    if (&other != &list) addAll(other.entries);
  for (const ZoneSource& source : sources)
    if (const auto other = others.find(*source.origin); other != others.end())
      throw std::runtime_error(fmt::format("{}: {}", list.path, thereAlready({{}, *source.origin}, *other->second)));
}

// Another version takes the place of the one before in the set that is served: the zones beside it cost nothing.
void ZoneStore::accept(Entry& entry, ZoneLoad load, ZoneReload& report) {
  const std::shared_ptr<const Zone> before = entry.load.zone;
  take(entry, std::move(load), report);
  if (entry.load.zone != before && isSetCurrent_) isSetCurrent_ = serveInPlace(entry);
}

void ZoneStore::take(Entry& entry, ZoneLoad load, ZoneReload& report) {
  if (entry.source.isSecondary) return acceptKept(entry, std::move(load), report);
  if (entry.isRestored && load.ok() && entry.load.zone->isLoaded()) return acceptFile(entry, std::move(load), report);
  refuseOriginOfAnother(entry, load);
  logDiagnostics(load);
  ++(load.ok() ? report.loaded : report.failed);
  for (const Diagnostic& diagnostic : load.diagnostics)
    if (diagnostic.isError()) report.addError(diagnostic.toString());
  const bool hadZone = entry.load.zone->isLoaded();
  if (!load.ok()) {
    if (hadZone) logServedAsBefore(entry.source.path);
    load.zone = std::move(entry.load.zone);
    keepFirstErrors(load.diagnostics);
  } else {
    if (!hadZone) ++report.added;
    if (hadZone && followVersion(entry, load, report)) news_.push_back(load.zone);
    if (lists_.empty() || changesAreTold_) detail::logLoaded(*entry.load.zone, *load.zone, entry.source.view, report);
    load.diagnostics = std::vector<Diagnostic>();
  }
  const bool isFirst = load.ok() && (!hadZone || (entry.source.takesUpdates && !entry.isRestored));
  entry.load = std::move(load);
  if (isFirst) takeKept(entry);
}

// The differences that an earlier run has left, and a file that has come to have a newer serial meanwhile.
void ZoneStore::takeKept(Entry& entry) {
  ZoneLoad& load = entry.load;
  entry.isRestored = entry.source.takesUpdates;
  if (load.newer) fileVersions_.push_back(std::exchange(load.newer, nullptr));
  auto differences = std::exchange(load.differences, {});
  if (!entry.source.keepsDifferences) return;
  if (!entry.source.isInstalled() && kept_ && entry.source.isKept)
    differences = kept_->differencesTo(entry.source, *load.zone);
  for (auto& difference : differences) differences_->add(*load.zone, std::move(difference), entry.source.view);
}

// The file of a zone that takes updates has changed. What updates have made of it stays.
void ZoneStore::acceptFile(Entry& entry, ZoneLoad load, ZoneReload& report) {
  logDiagnostics(load);
  ++report.loaded;
  const Zone& before = *entry.load.zone;
  const Serial serial(load.zone->serial());
  const bool isNewer = taut::isNewer(serial, Serial(before.serial()));
  if (isNewer)
    fileVersions_.push_back(load.zone);
  else if (!haveSameRecords(before, *load.zone))
    log::warning("{}: the serial {} is not newer than {}, and zone {} takes updates: the file does not count",
                 entry.source.path, serial.value(), before.serial(), before.origin());
  load.zone = std::move(entry.load.zone);
  load.diagnostics = std::vector<Diagnostic>();
  entry.load = std::move(load);
}

// What was kept of a secondary zone. That nothing was is no failure: the zone is yet to come.
void ZoneStore::acceptKept(Entry& entry, ZoneLoad load, ZoneReload& report) {
  if (entry.isKept) return;  // a version has come while the file was read
  logDiagnostics(load);
  entry.isKept = true;
  load.diagnostics = std::vector<Diagnostic>();
  if (load.zone->isLoaded()) {
    ++report.loaded;
    ++report.added;
    if (lists_.empty() || changesAreTold_) detail::logLoaded(*entry.load.zone, *load.zone, entry.source.view, report);
  }
  entry.load = std::move(load);
  takeKept(entry);
}

// Makes a version of what was read. Whether others are to be told: the serial is newer.
bool ZoneStore::followVersion(const Entry& entry, ZoneLoad& load, const ZoneReload& report) {
  const std::shared_ptr<const Zone>& before = entry.load.zone;
  if (before->origin() != load.zone->origin() || before->rrClass() != load.zone->rrClass()) {
    forgetDifferences(entry);
    return false;
  }
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  detail::NextVersion next = detail::nextVersion(before, load.zone, entry.source.serialPolicy, now);
  load.zone = std::move(next.zone);
  if (load.zone == before) return false;
  if (!next.isNewer) detail::warnOfSerial(*before, *load.zone, entry.source.view, report);
  if (next.isNewer && next.difference && entry.source.keepsDifferences)
    differences_->add(*load.zone, std::move(next.difference), entry.source.view);
  else
    forgetDifferences(entry);
  if (entry.source.keepsDifferences) keepDifferences(entry, *before, *load.zone);
  return next.isNewer && entry.source.view.empty();
}

// For later runs, what is known of how the version has come to be.
void ZoneStore::keepDifferences(const Entry& entry, const Zone& before, const Zone& after) {
  if (!kept_ || !entry.source.isKept || entry.source.takesUpdates) return;
  auto differences =
      differences_->find(after, entry.source.view, Serial(before.serial()), RecentDifferences::maxOctets(after));
  kept_->keepDifferences(entry.source, after, std::move(differences));
}

void ZoneStore::install(std::vector<ZoneInstall> versions, const Publish& publish) {
  bool isNew = false;
  bool isInPlace = true;
  for (ZoneInstall& version : versions) {
    Entry* const entry = entryFor(*version.zone);
    if (entry == nullptr) continue;
    isNew = true;
    install(*entry, std::move(version));
    if (!serveInPlace(*entry)) isInPlace = isSetCurrent_ = false;
  }
  if (!isNew) return;
  publishSet(isInPlace ? set_ : zones(), publish);
}

// Whose versions come by `install`, with the origin and class of this one; null where there is none.
ZoneStore::Entry* ZoneStore::entryFor(const Zone& version) {
  if (!installable_) {
    installable_.emplace();
    for (Entry* const entry : entriesThat([](const Entry& each) { return each.source.isInstalled(); }))
      installable_->emplace(entry->load.zone->origin().hash(), entry);
  }
  const auto [first, last] = installable_->equal_range(version.origin().hash());
  const auto found = std::find_if(first, last, [&](const auto& known) {
    const Zone& zone = *known.second->load.zone;
    return zone.origin() == version.origin() && zone.rrClass() == version.rrClass();
  });
  return found == last ? nullptr : found->second;
}

// False where the set has no such zone.
bool ZoneStore::serveInPlace(const Entry& entry) {
  auto before = set_ ? set_->replace(entry.load.zone, entry.source.view) : nullptr;
  if (!before) return false;
  retired_.push_back(std::move(before));
  return true;
}

void ZoneStore::install(Entry& entry, ZoneInstall version) {
  const std::shared_ptr<const Zone> before = std::exchange(entry.load.zone, std::move(version.zone));
  const Zone& after = *entry.load.zone;
  if (version.isSettled) return;
  entry.isKept = entry.source.isSecondary;
  if (!after.isLoaded()) return forgetDifferences(entry);
  const bool isNews = !before->isLoaded() || isNewer(Serial(after.serial()), Serial(before->serial()));
  if (isNews) news_.push_back(entry.load.zone);
  if (!before->isLoaded() || !entry.source.keepsDifferences) return forgetDifferences(entry);
  for (auto& difference : version.differences) differences_->add(after, std::move(difference), entry.source.view);
  if (version.differences.empty()) differences_->replaced(*before, after, entry.source.view);
}

std::vector<std::shared_ptr<const Zone>> ZoneStore::takeNews() {
  const std::vector<std::shared_ptr<const Zone>> news = std::exchange(news_, {});
  std::unordered_set<NameView, HashName> known;
  std::vector<std::shared_ptr<const Zone>> last;
  for (auto each = news.rbegin(); each != news.rend(); ++each)
    if (known.insert((*each)->origin()).second) last.push_back(*each);
  return last;
}

// Versions that have come from elsewhere are not its own.
void ZoneStore::forgetKept(const Entry& entry) {
  const ZoneSource& source = entry.source;
  if (kept_ && source.isKept && !source.isInstalled()) kept_->forget(source, *entry.load.zone);
}

void ZoneStore::forgetDifferences(const Entry& entry) {
  differences_->forget(entry.load.zone->origin(), entry.load.zone->rrClass(), entry.source.view);
}

// A file of which the SOA record says what its origin is may come to say what another zone is. It is read again at the
// next reload, as the other zone may be gone then.
void ZoneStore::refuseOriginOfAnother(const Entry& entry, ZoneLoad& load) const {
  if (!load.ok() || load.zone->origin() == entry.load.zone->origin()) return;
  forEachEntry([&](const Entry& other) {
    if (&other == &entry || !load.ok() || other.load.zone->origin() != load.zone->origin()) return;
    if (other.source.view != entry.source.view) return;
    load.diagnostics.push_back(errorOf(entry.source, thereAlready(keyOf(other), other.source.path)));
    load.zone = nullptr;
    load.files = neverCurrent(entry.source.path);
  });
}

void ZoneStore::countZones(ZoneReload& report) const {
  forEachEntry([&report](const Entry& entry) {
    ++report.zones;
    if (!entry.load.zone->isLoaded()) ++report.missing;
  });
  report.zones += unidentified_.size();
  report.missing += unidentified_.size();
}

void ZoneStore::forEachFile(const std::function<void(const std::string& path)>& function) const {
  forEachEntry([&function](const Entry& entry) {
    if (!entry.source.path.empty()) function(entry.source.path);
    for (const FileStamp& file : entry.load.files) function(file.path);
  });
  for (const List& list : lists_) function(list.path);
}

void ZoneStore::logZones() const {
  std::vector<detail::LoggedZone> zones;
  forEachEntry([&zones](const Entry& entry) {
    if (entry.load.zone->isLoaded()) zones.push_back({entry.load.zone.get(), entry.source.view});
  });
  detail::logZones(zones);
}

void ZoneStore::logListedZones() const {
  std::vector<detail::LoggedZone> zones;
  for (const List& list : lists_)
    for (const Entry& entry : list.entries)
      if (entry.load.zone->isLoaded()) zones.push_back({entry.load.zone.get(), {}});
  detail::logZones(zones);
}

std::shared_ptr<const ZoneSet> ZoneStore::zones() {
  if (!isSetCurrent_) set_ = makeSet();
  isSetCurrent_ = true;
  return set_;
}

std::shared_ptr<ZoneSet> ZoneStore::makeSet() const {
  std::vector<std::shared_ptr<const Zone>> zones;
  std::vector<std::shared_ptr<const Zone>> unserved;
  std::vector<ZonesOfView> views;
  forEachEntry([&](const Entry& entry) {
    const std::string& name = entry.source.view;
    if (name.empty()) return (entry.source.isServed ? zones : unserved).push_back(entry.load.zone);
    const auto known = std::ranges::find(views, name, &ZonesOfView::view);
    if (known == views.end())
      views.push_back({name, {entry.load.zone}});
    else
      known->zones.push_back(entry.load.zone);
  });
  auto set = std::make_shared<ZoneSet>(zones, views);
  for (auto& zone : unserved) set->addUnserved(std::move(zone));
  forEachEntry([&set](const Entry& entry) {
    const Zone& zone = *entry.load.zone;
    if (entry.source.clients) set->restrict(zone.origin(), zone.rrClass(), *entry.source.clients, entry.source.view);
  });
  return set;
}

}  // namespace taut
