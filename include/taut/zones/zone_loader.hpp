// Loads zones while a server serves them: a thread that has the store for itself.
//
//   ZoneLoader loader(store, [&](const ZonePublication& publication) {
//     server.post([&, publication](std::size_t shard, ServerFactory&) { authorities[shard]->serve(publication); });
//   });
//   loader.request();  // at SIGHUP, say
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "taut/dns/name.hpp"
#include "taut/zones/zone_store.hpp"

namespace taut {

class ZoneLoader {
 public:
  // `publish` is called on the loader's thread. A reload that is requested during a load begins when that load has
  // ended.
  ZoneLoader(ZoneStore& store, ZoneStore::Publish publish);
  ZoneLoader(const ZoneLoader&) = delete;
  ZoneLoader& operator=(const ZoneLoader&) = delete;
  ~ZoneLoader();  // stops the load that is under way

  // Called on the loader's thread.
  using Done = std::function<void(const ZoneReload&)>;

  // Asks for a reload of the store, and has `done` called when it has ended; not where the loader ends first. From any
  // thread.
  void request(Done done = {}, Reread reread = Reread::changed);
  // The same with other zones and lists of them, see ZoneStore::replaceSources.
  void replaceSources(std::vector<ZoneSource> sources, std::vector<std::string> lists, Done done = {},
                      Reread reread = Reread::changed);
  // The same for the zones of one origin, see ZoneStore::reloadZone.
  void requestZone(Name origin, Done done = {}, std::string view = {});

  // Has a version of a secondary zone served, see ZoneStore::install. `served` is called once, on any thread, when
  // every thread that answers does so with this version or a later one: when none of them has the publication any more
  // (ZonePublication::served). It is called as well where the version was left out, or the server ends first, and must
  // not throw. From any thread.
  void install(ZoneInstall version, std::function<void()> served = {});

 private:
  struct Sources {
    std::vector<ZoneSource> zones;
    std::vector<std::string> lists;
  };
  struct ZoneRequest {
    Name origin;
    Done done;
    std::string view;
  };

  struct Installs {
    std::vector<ZoneInstall> versions;
    std::vector<std::function<void()>> served;
  };

  // What is to be done.
  struct Work {
    bool all = false;
    Reread reread = Reread::changed;
    std::optional<Sources> sources;
    std::vector<Done> waiting;
    std::vector<ZoneRequest> zones;
    Installs installs;
  };

  void run(const std::stop_token& stop);
  std::optional<Work> nextWork(const std::stop_token& stop);
  void installWaiting();
  void installAll(Installs installs);
  void publish(const ZonePublication& publication);
  void reclaim();
  void want(Done done, Reread reread);
  template <typename Load>
  static ZoneReload report(const Load& load);

  ZoneStore& store_;
  ZoneStore::Publish publish_;
  std::mutex mutex_;
  std::condition_variable_any wanted_;
  bool requested_ = false;           // a reload of the store
  Reread reread_ = Reread::changed;  // by that reload
  std::optional<Sources> sources_;   // for that reload; nothing: as before
  std::vector<Done> waiting_;        // likewise
  std::vector<ZoneRequest> zoneRequests_;
  Installs installs_;
  // Of the thread, or of those that load for it.
  std::chrono::steady_clock::time_point nextInstall_{};
  std::shared_ptr<const ZoneSet> zones_;              // that were published last
  std::vector<std::shared_ptr<const void>> retired_;  // sets and versions from which some may still answer
  std::chrono::steady_clock::time_point nextReclaim_{};
  std::jthread thread_;  // last: it uses what is above
};

}  // namespace taut
