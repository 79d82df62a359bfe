// The steps of a resolution, on their way from the thread that takes them to the one that shows them.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace taut {

struct TraceStep {
  std::chrono::microseconds time{};  // since the question
  unsigned depth = 0;                // how many things that are looked for need this one
  std::string text;
};

struct TraceEnd {
  std::chrono::microseconds time{};
  std::string rcode;       // empty where there is no answer
  bool authentic = false;  // validation has found it secure
  std::string reason;      // the extended error (RFC 8914); empty: none
  std::string records;     // of the answer section, as in a master file
};

// Any thread may use it.
class TraceSteps {
 public:
  static constexpr std::size_t maxWaiting = 10'000;  // steps; those that come when so many wait are left out

  void add(TraceStep step) {
    const std::scoped_lock lock(mutex_);
    if (steps_.size() < maxWaiting) steps_.push_back(std::move(step));
  }
  void end(TraceEnd end) {
    const std::scoped_lock lock(mutex_);
    end_ = std::move(end);
  }

  // What has come since the last time, and the end where that has come too.
  struct Taken {
    std::vector<TraceStep> steps;
    std::optional<TraceEnd> end;
  };
  Taken take() {
    const std::scoped_lock lock(mutex_);
    return {std::exchange(steps_, {}), end_};
  }

 private:
  std::mutex mutex_;
  std::vector<TraceStep> steps_;
  std::optional<TraceEnd> end_;
};

}  // namespace taut
