// Says in the log which shard has been busy for a second and with which question, again when the time has doubled, and
// when the shard goes on. While a shard is busy its clients wait: a handler that blocks is the usual reason.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "busy_watch.hpp"
#include "shard_thread.hpp"

namespace taut {

class Watchdog {
 public:
  // The shards have started, and outlive it. Throws std::system_error where there is no thread to be had.
  explicit Watchdog(std::span<const std::unique_ptr<ShardThread>> shards);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();

 private:
  struct Watched {
    ShardThread* thread;
    BusyWatch watch;
  };

  void run();
  static void look(std::size_t number, Watched& watched);

  std::vector<Watched> shards_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace taut
