// The thread that reads the configuration again, so that nothing else waits for it meanwhile: neither queries, nor what
// is asked over HTTP and by the control tool. It handles no signals where its maker has blocked them.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "taut/zones/zone_store.hpp"

namespace taut {

class ReloadThread {
 public:
  using Done = std::function<void(const ZoneReload&)>;

  // `reload` is called on the thread, with what is to be called when the reload has ended.
  explicit ReloadThread(std::function<void(Done)> reload);
  ReloadThread(const ReloadThread&) = delete;
  ReloadThread& operator=(const ReloadThread&) = delete;
  ~ReloadThread();  // stops

  // Asks for a reload, and has `done` called when it has ended; not where the thread ends first. What is asked for
  // during a reload is one more, whose end all hear who have asked for it. From any thread.
  void request(Done done = {});

  // Waits for the reload that is under way. Another one that is asked for does not happen.
  void stop();

 private:
  void run(const std::stop_token& stop);

  const std::function<void(Done)> reload_;
  std::mutex mutex_;
  std::condition_variable_any wanted_;
  bool requested_ = false;
  std::vector<Done> waiting_;
  std::jthread thread_;  // last: it uses what is above
};

}  // namespace taut
