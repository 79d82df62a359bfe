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

#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/base/text.hpp"
#include "taut/zones/zone_list.hpp"
#include "zone_log.hpp"

namespace taut {

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

void logDiagnostics(const ZoneLoad& load) {
  for (const Diagnostic& diagnostic : load.diagnostics) {
    if (diagnostic.isError())
      log::error("{}", diagnostic.toString());
    else
      log::warning("{}", diagnostic.toString());
  }
}

struct HashName {
  std::size_t operator()(NameView name) const { return static_cast<std::size_t>(name.hash()); }
};

std::string thereAlready(NameView origin, const std::string& path) {
  return fmt::format("zone {} is there already, from {}; expected it once", origin, path);
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

ZoneStore::ZoneStore(unsigned threads, MakeLoadObserver makeObserver)
    : threads_(threads), makeObserver_(std::move(makeObserver)) {}

std::unique_ptr<LoadObserver> ZoneStore::observe(std::size_t zones) const {
  if (makeObserver_) return makeObserver_(zones);
  return std::make_unique<NoObserver>();
}

void ZoneStore::load(std::vector<ZoneSource> sources) {
  const auto observer = observe(sources.size());
  std::mutex mutex;
  ZoneLoadOptions options;
  options.threads = threads_;
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
  if (!errors.empty()) throw std::runtime_error(errors);
  for (const Entry& entry : entries_) logDiagnostics(entry.load);
}

// What is wrong with them, a line for each error.
std::string ZoneStore::addLoaded(std::vector<ZoneSource> sources, std::vector<ZoneLoad> loads) {
  std::string errors;
  std::unordered_map<NameView, std::size_t, HashName> known;
  for (std::size_t i = 0; i < loads.size(); ++i) {
    if (loads[i].ok()) {
      const auto [first, isNew] = known.emplace(loads[i].zone->origin(), i);
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
  ZoneReload added;
  lists_.push_back({path, {}});
  readList(lists_.back(), added);
}

class ZoneStore::Known {
 public:
  void add(const Entry& entry) {
    byOrigin_.emplace(entry.load.zone->origin(), &entry);
    if (!entry.source.origin) byPath_.emplace(entry.source.path, &entry);
  }

  // The entry for the same zone, null where there is none.
  const Entry* find(const ZoneSource& source) const {
    if (!source.origin) {
      const auto found = byPath_.find(source.path);
      return found == byPath_.end() ? nullptr : found->second;
    }
    const auto found = byOrigin_.find(*source.origin);
    return found == byOrigin_.end() ? nullptr : found->second;
  }

 private:
  std::unordered_map<NameView, const Entry*, HashName> byOrigin_;
  std::unordered_map<std::string_view, const Entry*> byPath_;  // of those whose files say their origins
};

void ZoneStore::replaceSources(std::vector<ZoneSource> sources, const std::vector<std::string>& lists) {
  std::vector<Entry> entries = std::exchange(entries_, {});
  std::vector<List> listed = std::exchange(lists_, {});
  Known known;
  for (const Entry& entry : entries) known.add(entry);
  for (const List& list : listed)
    for (const Entry& entry : list.entries) known.add(entry);
  entries_.reserve(sources.size());
  for (ZoneSource& source : sources) addSource(std::move(source), known);
  std::unordered_set<NameView, HashName> served;
  for (const Entry& entry : entries_) served.insert(entry.load.zone->origin());
  for (const std::string& path : lists) {
    const auto same = std::ranges::find(listed, path, &List::path);
    lists_.push_back(same == listed.end() ? List{path, {}} : std::move(*same));
    for (const Entry& entry : lists_.back().entries) served.insert(entry.load.zone->origin());
    if (same != listed.end()) listed.erase(same);
  }
  for (const List& list : listed) entries.insert(entries.end(), list.entries.begin(), list.entries.end());
  for (const Entry& entry : entries) {
    if (!served.insert(entry.load.zone->origin()).second) continue;
    ++replaced_.removed;
    detail::logRemoved(*entry.load.zone, replaced_);
  }
}

void ZoneStore::addSource(ZoneSource source, const Known& known) {
  Entry entry{std::move(source), {}};
  if (const Entry* const before = known.find(entry.source)) {
    entry.load = before->load;
    // No file has this version, so that the next reload looks at it.
    if (before->source.path != entry.source.path)
      entry.load.files = {{entry.source.path, FileVersion{.inode = std::numeric_limits<std::uint64_t>::max()}}};
  } else if (entry.source.origin) {
    entry.load.zone = Zone::notLoaded(*entry.source.origin, entry.source.rrClass);
  } else {
    ZoneLoad load = loadZone(entry.source);
    forEachEntry([&](const Entry& other) {
      if (!load.ok() || other.load.zone->origin() != load.zone->origin()) return;
      load.diagnostics.push_back(errorOf(entry.source, thereAlready(load.zone->origin(), other.source.path)));
      load.zone = nullptr;
    });
    if (!load.ok()) return leaveOut(load);
    entry.load.zone = Zone::notLoaded(load.zone->origin(), load.zone->rrClass());
    accept(entry, std::move(load), replaced_);
  }
  entries_.push_back(std::move(entry));
}

void ZoneStore::leaveOut(const ZoneLoad& load) {
  ++loadFailures_;
  ++replaced_.failed;
  logDiagnostics(load);
  for (const Diagnostic& diagnostic : load.diagnostics)
    if (diagnostic.isError()) replaced_.addError(diagnostic.toString());
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

ZoneReload ZoneStore::reload(const Publish& publish, const std::stop_token& stop) {
  ZoneReload report = std::exchange(replaced_, {});
  readLists(report);
  const auto changed = [](const Entry& entry) { return !entry.load.zone->isLoaded() || entry.load.filesChanged(); };
  loadEntries(entriesThat(changed), publish, stop, report);
  countZones(report);
  if (stop.stop_requested()) return report;
  publish(zones());
  // At first it is not a change that the zones of a list are there.
  const bool first = !lists_.empty() && !std::exchange(listsLoaded_, true);
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

ZoneReload ZoneStore::reloadZone(NameView origin, const Publish& publish, const std::stop_token& stop) {
  ZoneReload report;
  const auto hasOrigin = [origin](const Entry& entry) { return entry.load.zone->origin() == origin; };
  loadEntries(entriesThat(hasOrigin), publish, stop, report);
  countZones(report);
  if (!stop.stop_requested()) publish(zones());
  return report;
}

void ZoneStore::loadEntries(const std::vector<Entry*>& entries, const Publish& publish, const std::stop_token& stop,
                            ZoneReload& report) {
  std::vector<ZoneSource> sources;
  for (const Entry* entry : entries) sources.push_back(entry->source);
  std::mutex mutex;
  const auto observer = observe(entries.size());
  Pace pace;
  bool ready = false;  // a zone has been loaded since the last publication
  const auto publishReady = [&] {
    if (!ready || !pace.isDue()) return;
    pace.run([&] { publish(zones()); });
    ready = false;
  };
  ZoneLoadOptions options;
  options.threads = threads_;
  options.progress = [&](std::size_t records) {
    const std::lock_guard lock(mutex);
    observer->addRecords(records);
    publishReady();
    return !stop.stop_requested();
  };
  loadZones(sources, options, [&](std::size_t index, ZoneLoad load) {
    const std::lock_guard lock(mutex);
    if (!load.ok()) ++loadFailures_;
    accept(*entries[index], std::move(load), report);
    observer->addZone();
    ready = true;
    publishReady();
  });
}

// A zone that was loaded from the same file for the same origin is kept, so that only changes cost anything. The list
// stays as it was where an exception is thrown.
void ZoneStore::readList(List& list, ZoneReload& report) {
  std::vector<ZoneSource> sources = readZoneList(list.path);
  requireNew(list, sources);
  std::map<std::pair<Name, std::string>, ZoneLoad*> known;
  for (Entry& entry : list.entries) known.emplace(std::pair(*entry.source.origin, entry.source.path), &entry.load);
  std::vector<Entry> entries;
  std::vector<ZoneLoad*> kept;
  entries.reserve(sources.size());
  kept.reserve(sources.size());
  for (ZoneSource& source : sources) {
    const auto found = known.extract(std::pair(*source.origin, source.path));
    kept.push_back(found ? found.mapped() : nullptr);
    ZoneLoad load;
    if (!found) load.zone = Zone::notLoaded(*source.origin, source.rrClass);
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
    detail::logRemoved(*load->zone, report);
  }
  list.entries = std::move(entries);
}

// Throws where another list, or an option, has one of the zones too.
void ZoneStore::requireNew(const List& list, const std::vector<ZoneSource>& sources) const {
  std::unordered_map<NameView, const std::string*, HashName> others;
  const auto addAll = [&others](const std::vector<Entry>& entries) {
    for (const Entry& entry : entries) others.emplace(entry.load.zone->origin(), &entry.source.path);
  };
  addAll(entries_);
  for (const List& other : lists_)
    if (&other != &list) addAll(other.entries);
  for (const ZoneSource& source : sources)
    if (const auto other = others.find(*source.origin); other != others.end())
      throw std::runtime_error(fmt::format("{}: {}", list.path, thereAlready(*source.origin, *other->second)));
}

void ZoneStore::accept(Entry& entry, ZoneLoad load, ZoneReload& report) {
  refuseOriginOfAnother(entry, load);
  logDiagnostics(load);
  ++(load.ok() ? report.loaded : report.failed);
  for (const Diagnostic& diagnostic : load.diagnostics)
    if (diagnostic.isError()) report.addError(diagnostic.toString());
  const bool hadZone = entry.load.zone->isLoaded();
  if (!load.ok()) {
    if (hadZone) log::error("{}: the zone is served as it was before", entry.source.path);
    load.zone = std::move(entry.load.zone);
  } else {
    if (!hadZone) ++report.added;
    if (lists_.empty() || listsLoaded_) detail::logLoaded(*entry.load.zone, *load.zone, report);
  }
  load.diagnostics = {};
  entry.load = std::move(load);
}

// A file of which the SOA record says what its origin is may come to say what another zone is.
void ZoneStore::refuseOriginOfAnother(const Entry& entry, ZoneLoad& load) const {
  if (!load.ok() || load.zone->origin() == entry.load.zone->origin()) return;
  forEachEntry([&](const Entry& other) {
    if (&other == &entry || !load.ok() || other.load.zone->origin() != load.zone->origin()) return;
    load.diagnostics.push_back(errorOf(entry.source, thereAlready(load.zone->origin(), other.source.path)));
    load.zone = nullptr;
  });
}

void ZoneStore::countZones(ZoneReload& report) const {
  forEachEntry([&report](const Entry& entry) {
    ++report.zones;
    if (!entry.load.zone->isLoaded()) ++report.missing;
  });
}

void ZoneStore::logZones() const {
  std::vector<const Zone*> zones;
  forEachEntry([&zones](const Entry& entry) {
    if (entry.load.zone->isLoaded()) zones.push_back(entry.load.zone.get());
  });
  detail::logZones(zones);
}

void ZoneStore::logListedZones() const {
  std::vector<const Zone*> zones;
  for (const List& list : lists_)
    for (const Entry& entry : list.entries)
      if (entry.load.zone->isLoaded()) zones.push_back(entry.load.zone.get());
  detail::logZones(zones);
}

std::shared_ptr<const ZoneSet> ZoneStore::zones() const {
  std::vector<std::shared_ptr<const Zone>> zones;
  forEachEntry([&zones](const Entry& entry) { zones.push_back(entry.load.zone); });
  return std::make_shared<const ZoneSet>(zones);
}

}  // namespace taut
