// The zones that tautd serves, and the files that they came from.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "taut/zone/zone_file.hpp"
#include "taut/zone/zone_set.hpp"

namespace taut {

class ZoneStore {
 public:
  explicit ZoneStore(unsigned threads) : threads_(threads) {}

  // Zones that are named one by one: loads them all and throws std::runtime_error where one does not load. The text
  // is what is wrong, file, line and column first.
  void load(std::vector<ZoneSource> sources);

  // Zones of a list: one that does not load is logged, and the others are served.
  void loadList(const std::string& path);

  // Loads what changed on disk since it was loaded, and the lists. A zone that does not load any more is logged and
  // served as it was.
  void reload();

  std::shared_ptr<const ZoneSet> zones() const;
  std::size_t failed() const;  // zones that are not served, since they never loaded

 private:
  struct Entry {
    ZoneSource source;
    ZoneLoad load;
  };
  struct List {
    std::string path;
    std::vector<Entry> entries;
  };

  std::vector<ZoneLoad> loadAll(const std::vector<ZoneSource>& sources) const;
  void reloadEntries(std::vector<Entry>& entries) const;
  void reloadList(List& list) const;

  unsigned threads_;
  std::vector<Entry> entries_;
  std::vector<List> lists_;
};

}  // namespace taut
