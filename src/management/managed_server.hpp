// The server as its management sees it: what can be asked of it, and what it can be told to do. Implemented by the
// daemon, and by tests.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "snapshot.hpp"
#include "taut/dns/name.hpp"
#include "taut/server/top_queries.hpp"
#include "taut/zones/zone_store.hpp"

namespace taut {

// One answer of a cache, in words.
struct ShownAnswer {
  std::size_t shard = 0;
  std::string key;  // name, class and type asked for, and CD where it was
  std::string rcode;
  std::size_t seconds = 0;  // for so long it is kept still
  std::string records;      // as in a master file, TTLs as they are now
};

// All functions are called on the management thread and return at once. A `done` is called later, on any thread; it is
// not called where the server ends first.
class ManagedServer {
 public:
  virtual ~ManagedServer() = default;

  // Costs no more than the reading of counters.
  virtual ManagementSnapshot snapshot() = 0;

  // What each thread is asked for at the moment; nothing where none counts it.
  virtual void collectTop(std::function<void(std::vector<TopLists>)> done) = 0;

  virtual Readiness readiness() = 0;
  // Whether all threads that serve look for what has come in.
  virtual bool isResponsive() = 0;

  // As SIGTERM does.
  virtual void stop() = 0;
  // Whether the server is ready for clients; it serves all the same.
  virtual void drain(bool on) = 0;

  // As SIGHUP does. The report is that of the zones.
  using Reloaded = std::function<void(const ZoneReload&)>;
  virtual void reload(Reloaded done) = 0;
  virtual void reloadZones(Reloaded done) = 0;
  virtual void reloadZone(const Name& origin, Reloaded done) = 0;

  virtual bool hasCache() const = 0;
  // `done` gets the number of answers of all shards that were forgotten.
  virtual void flushCache(const Name& name, bool tree, std::function<void(std::size_t)> done) = 0;
  virtual void showCache(const Name& name, std::function<void(std::vector<ShownAnswer>)> done) = 0;
};

}  // namespace taut
