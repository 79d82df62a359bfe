// Does work in the order in which it comes, on a thread of its own.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace taut {

class WorkThread {
 public:
  using Work = std::function<void()>;

  WorkThread();
  WorkThread(const WorkThread&) = delete;
  WorkThread& operator=(const WorkThread&) = delete;
  ~WorkThread() = default;  // stops

  // From any thread. What it throws is logged.
  void post(Work work);

  // Waits for what is under way. What has not begun is not done.
  void stop();

 private:
  void run(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any wanted_;
  std::deque<Work> queue_;
  std::jthread thread_;  // last: it uses what is above
};

}  // namespace taut
