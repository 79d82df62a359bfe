// The thread that reads the configuration again, so that nothing else waits for it meanwhile: neither queries, nor what
// is asked over HTTP and by the control tool. It handles no signals where its maker has blocked them.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "management/managed_server.hpp"

namespace taut {

class ReloadThread {
 public:
  using Done = std::function<void(const ReloadReport&)>;
  using Reload = std::function<void(const ReloadOrder&, const Done&)>;

  // `reload` is called on the thread, with what is to be called when the reload has ended.
  explicit ReloadThread(Reload reload);
  ReloadThread(const ReloadThread&) = delete;
  ReloadThread& operator=(const ReloadThread&) = delete;
  ~ReloadThread();  // stops

  // Asks for a reload, and has `done` called when it has ended; not where the thread ends first. What is asked for
  // during a reload is one more, which does all that was ordered, and whose end all hear who have asked for it. From
  // any thread.
  void request(const ReloadOrder& order, Done done = {});

  // Waits for the reload that is under way. Another one that is asked for does not happen.
  void stop();

 private:
  void run(const std::stop_token& stop);

  const Reload reload_;
  std::mutex mutex_;
  std::condition_variable_any wanted_;
  std::optional<ReloadOrder> ordered_;
  std::vector<Done> waiting_;
  std::jthread thread_;  // last: it uses what is above
};

}  // namespace taut
