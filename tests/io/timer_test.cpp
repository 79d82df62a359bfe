#include "taut/io/timer.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

namespace timer_test {

using namespace std::chrono_literals;
using taut::TimePoint;
using taut::Timer;
using taut::TimerQueue;

namespace {

class Recorder final : public Timer {
 public:
  Recorder(std::vector<int>& log, int name) : Timer(&record), log_(log), name_(name) {}

 private:
  static void record(Timer& timer) noexcept {
    auto& self = static_cast<Recorder&>(timer);
    self.log_.push_back(self.name_);
  }
  std::vector<int>& log_;
  int name_;
};

// Arms itself again each time, due at once.
class Again final : public Timer {
 public:
  explicit Again(TimerQueue& queue) : Timer(&again), queue_(queue) {}
  int calls = 0;

 private:
  static void again(Timer& timer) noexcept {
    auto& self = static_cast<Again&>(timer);
    ++self.calls;
    self.queue_.arm(self, TimePoint{});
  }
  TimerQueue& queue_;
};

}  // namespace

TEST_CASE("timers are called in the order of their deadlines, and only when due") {
  TimerQueue queue;
  std::vector<int> log;
  Recorder a(log, 1);
  Recorder b(log, 2);
  Recorder c(log, 3);
  CHECK_FALSE(queue.next());
  queue.arm(a, TimePoint{3s});
  queue.arm(b, TimePoint{1s});
  queue.arm(c, TimePoint{2s});
  CHECK(queue.next() == TimePoint{1s});
  queue.expire(TimePoint{999ms});
  CHECK(log.empty());
  queue.expire(TimePoint{2s});
  CHECK(log == std::vector{2, 3});
  CHECK(a.armed());
  CHECK_FALSE(b.armed());
  queue.expire(TimePoint{10s});
  CHECK(log == std::vector{2, 3, 1});
  CHECK(queue.size() == 0);
}

TEST_CASE("a timer that is disarmed or destroyed is not called") {
  TimerQueue queue;
  std::vector<int> log;
  Recorder a(log, 1);
  queue.arm(a, TimePoint{1s});
  a.disarm();
  a.disarm();
  {
    Recorder b(log, 2);
    queue.arm(b, TimePoint{1s});
  }
  queue.expire(TimePoint{5s});
  CHECK(log.empty());
}

TEST_CASE("arming a timer again moves it") {
  TimerQueue queue;
  std::vector<int> log;
  Recorder a(log, 1);
  queue.arm(a, TimePoint{1s});
  queue.arm(a, TimePoint{5s});
  CHECK(queue.size() == 1);
  queue.expire(TimePoint{4s});
  CHECK(log.empty());
  queue.arm(a, TimePoint{2s});
  queue.expire(TimePoint{4s});
  CHECK(log == std::vector{1});
}

TEST_CASE("a timer that arms itself for now waits for the next call") {
  TimerQueue queue;
  Again again(queue);
  queue.arm(again, TimePoint{});
  queue.expire(TimePoint{1s});
  CHECK(again.calls == 1);
  queue.expire(TimePoint{1s});
  CHECK(again.calls == 2);
}

TEST_CASE("a thousand timers armed, moved and disarmed at random expire in order") {
  TimerQueue queue;
  std::vector<int> log;
  std::vector<std::unique_ptr<Recorder>> timers;
  std::vector<int> deadlines(1000, -1);
  std::uint32_t random = 12345;
  auto next = [&random](std::uint32_t bound) {
    random = random * 1664525 + 1013904223;
    return static_cast<int>((random >> 8) % bound);
  };
  for (int i = 0; i < 1000; ++i) timers.push_back(std::make_unique<Recorder>(log, i));
  for (int step = 0; step < 5000; ++step) {
    const auto which = static_cast<std::size_t>(next(1000));
    if (next(4) == 0) {
      timers[which]->disarm();
      deadlines[which] = -1;
    } else {
      deadlines[which] = next(300);
      queue.arm(*timers[which], TimePoint{std::chrono::seconds(deadlines[which])});
    }
  }
  const auto armed = std::count_if(deadlines.begin(), deadlines.end(), [](int deadline) { return deadline >= 0; });
  CHECK(queue.size() == static_cast<std::size_t>(armed));
  queue.expire(TimePoint{300s});
  CHECK(log.size() == static_cast<std::size_t>(armed));
  CHECK(std::is_sorted(log.begin(), log.end(), [&](int a, int b) {
    return deadlines[static_cast<std::size_t>(a)] < deadlines[static_cast<std::size_t>(b)];
  }));
}

}  // namespace timer_test
