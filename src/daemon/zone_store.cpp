#include "zone_store.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "options.hpp"
#include "taut/base/log.hpp"

namespace taut {

namespace {

void logDiagnostics(const ZoneLoad& load) {
  for (const Diagnostic& diagnostic : load.diagnostics) {
    if (diagnostic.isError())
      log::error("{}", diagnostic.toString());
    else
      log::warning("{}", diagnostic.toString());
  }
}

}  // namespace

std::vector<ZoneLoad> ZoneStore::loadAll(const std::vector<ZoneSource>& sources) const {
  std::vector<ZoneLoad> loads(sources.size());
  ZoneLoadOptions options;
  options.threads = threads_;
  loadZones(sources, options, [&](std::size_t index, ZoneLoad load) { loads[index] = std::move(load); });
  return loads;
}

void ZoneStore::load(std::vector<ZoneSource> sources) {
  std::vector<ZoneLoad> loads = loadAll(sources);
  std::string errors;
  for (std::size_t i = 0; i < loads.size(); ++i) {
    for (const Diagnostic& diagnostic : loads[i].diagnostics)
      if (diagnostic.isError()) errors.append(errors.empty() ? "" : "\n").append(diagnostic.toString());
    entries_.push_back({std::move(sources[i]), std::move(loads[i])});
  }
  if (!errors.empty()) throw std::runtime_error(errors);
  for (const Entry& entry : entries_) logDiagnostics(entry.load);
}

void ZoneStore::loadList(const std::string& path) {
  lists_.push_back({path, {}});
  std::vector<ZoneSource> sources = readZoneList(path);
  std::vector<ZoneLoad> loads = loadAll(sources);
  for (std::size_t i = 0; i < loads.size(); ++i) {
    logDiagnostics(loads[i]);
    lists_.back().entries.push_back({std::move(sources[i]), std::move(loads[i])});
  }
}

void ZoneStore::reloadEntries(std::vector<Entry>& entries) const {
  std::vector<Entry*> changed;
  std::vector<ZoneSource> sources;
  for (Entry& entry : entries) {
    if (entry.load.ok() && !entry.load.filesChanged()) continue;
    changed.push_back(&entry);
    sources.push_back(entry.source);
  }
  std::vector<ZoneLoad> loads = loadAll(sources);
  for (std::size_t i = 0; i < loads.size(); ++i) {
    logDiagnostics(loads[i]);
    ZoneLoad& current = changed[i]->load;
    if (!loads[i].ok()) {
      if (current.ok()) log::error("{}: the zone is served as it was before", changed[i]->source.path);
      loads[i].zone = current.zone;
    } else {
      log::info("zone {} loaded, serial {}", loads[i].zone->origin(), loads[i].zone->serial());
    }
    current = std::move(loads[i]);
  }
}

void ZoneStore::reloadList(List& list) const {
  std::vector<ZoneSource> sources;
  try {
    sources = readZoneList(list.path);
  } catch (const std::exception& error) {
    log::error("{}; the zones of the list are served as they were before", error.what());
    return reloadEntries(list.entries);
  }
  // What was loaded from the same file for the same origin is kept, so that only changes cost anything.
  std::map<std::pair<Name, std::string>, ZoneLoad> known;
  for (Entry& entry : list.entries)
    known.emplace(std::pair(*entry.source.origin, entry.source.path), std::move(entry.load));
  list.entries.clear();
  for (ZoneSource& source : sources) {
    const auto found = known.find(std::pair(*source.origin, source.path));
    ZoneLoad load;
    if (found != known.end()) load = std::move(found->second);
    list.entries.push_back({std::move(source), std::move(load)});
  }
  reloadEntries(list.entries);
}

void ZoneStore::reload() {
  reloadEntries(entries_);
  for (List& list : lists_) reloadList(list);
}

std::shared_ptr<const ZoneSet> ZoneStore::zones() const {
  std::vector<std::shared_ptr<const Zone>> zones;
  for (const Entry& entry : entries_) zones.push_back(entry.load.zone);
  for (const List& list : lists_)
    for (const Entry& entry : list.entries) zones.push_back(entry.load.zone);
  return std::make_shared<const ZoneSet>(zones);
}

std::size_t ZoneStore::failed() const {
  std::size_t count = 0;
  for (const List& list : lists_)
    count += static_cast<std::size_t>(std::ranges::count_if(list.entries, [](const Entry& e) { return !e.load.zone; }));
  return count;
}

}  // namespace taut
