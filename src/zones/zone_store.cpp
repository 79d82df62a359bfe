#include "taut/zones/zone_store.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/zones/zone_list.hpp"

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
  std::string errors;
  for (std::size_t i = 0; i < loads.size(); ++i) {
    for (const Diagnostic& diagnostic : loads[i].diagnostics)
      if (diagnostic.isError()) errors.append(errors.empty() ? "" : "\n").append(diagnostic.toString());
    entries_.push_back({std::move(sources[i]), std::move(loads[i])});
  }
  if (!errors.empty()) throw std::runtime_error(errors);
  for (const Entry& entry : entries_) logDiagnostics(entry.load);
}

void ZoneStore::addList(const std::string& path) {
  lists_.push_back({path, {}});
  readList(lists_.back());
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
  ZoneReload report;
  for (List& list : lists_) {
    try {
      readList(list);
    } catch (const std::exception& error) {
      log::error("{}; the zones of the list are served as they were before", reasonOf(error));
      report.addError(reasonOf(error));
    }
  }
  const auto changed = [](const Entry& entry) { return !entry.load.zone->isLoaded() || entry.load.filesChanged(); };
  loadEntries(entriesThat(changed), publish, stop, report);
  countZones(report);
  if (stop.stop_requested()) return report;
  publish(zones());
  logTotal(report);
  return report;
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
void ZoneStore::readList(List& list) {
  std::vector<ZoneSource> sources = readZoneList(list.path);
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
  list.entries = std::move(entries);
}

void ZoneStore::accept(Entry& entry, ZoneLoad load, ZoneReload& report) {
  logDiagnostics(load);
  ++(load.ok() ? report.loaded : report.failed);
  for (const Diagnostic& diagnostic : load.diagnostics)
    if (diagnostic.isError()) report.addError(diagnostic.toString());
  const bool hadZone = entry.load.zone->isLoaded();
  if (!load.ok()) {
    if (hadZone) log::error("{}: the zone is served as it was before", entry.source.path);
    load.zone = std::move(entry.load.zone);
  } else if (hadZone) {
    log::info("zone {} loaded anew, serial {}", load.zone->origin(), load.zone->serial());
  }
  load.diagnostics = {};
  entry.load = std::move(load);
}

void ZoneStore::countZones(ZoneReload& report) const {
  report.zones = entries_.size();
  for (const List& list : lists_) {
    report.zones += list.entries.size();
    for (const Entry& entry : list.entries) report.missing += entry.load.zone->isLoaded() ? 0 : 1;
  }
}

void ZoneStore::logTotal(const ZoneReload& report) {
  if (report.missing == 0)
    log::info("all {} zones are loaded", report.zones);
  else
    log::error("{} of {} zones are not loaded", report.missing, report.zones);
}

std::shared_ptr<const ZoneSet> ZoneStore::zones() const {
  std::vector<std::shared_ptr<const Zone>> zones;
  for (const Entry& entry : entries_) zones.push_back(entry.load.zone);
  for (const List& list : lists_)
    for (const Entry& entry : list.entries) zones.push_back(entry.load.zone);
  return std::make_shared<const ZoneSet>(zones);
}

}  // namespace taut
