// Work of the management thread that blocks, each piece on a thread of its own, and few at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace taut {

class Jobs {
 public:
  static constexpr std::size_t maxRunning = 8;

  Jobs() = default;
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;
  ~Jobs();  // waits for all

  // False where too many run already. `job` does not throw.
  bool start(std::function<void()> job);

 private:
  struct Job {
    std::thread thread;
    bool ended = false;
  };

  std::mutex mutex_;
  std::list<Job> jobs_;
};

}  // namespace taut
