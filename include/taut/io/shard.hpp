// Shard is one thread's share of the server: an engine, timers, a clock and a loop. Everything that belongs to a shard
// is used on its thread only, without locks; another thread reaches it through post(). A server runs one for each core.
//
//   Shard shard;
//   shard.run(serve(shard));          // on the thread that is to be the shard's, until the task has finished
#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "taut/base/clock.hpp"
#include "taut/base/histogram.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/coro/task.hpp"
#include "taut/io/engine.hpp"
#include "taut/io/operation.hpp"
#include "taut/io/timer.hpp"

namespace taut {

struct ShardOptions {
  EngineOptions engine;
  // Must outlive the shard.
  Clock* clock = &Clock::system();
};

class Shard {
 public:
  // On any thread. Throws IoUnavailable.
  explicit Shard(const ShardOptions& options = {});
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;
  ~Shard();

  // Runs the task, and everything else of the shard, on the calling thread until the task has finished. Gives its
  // result or throws its exception. Always on the same thread for one shard.
  template <typename T>
  T run(Task<T> task) {
    const Running running(*this);
    return syncWait(std::move(task), [this] { turn(true); });
  }

  // Has `function` called on the shard's thread, on its next turn. May be called on any thread. What is posted after
  // run() has ended waits for the next run. What the function throws is logged. Throws std::bad_alloc.
  void post(std::function<void()> function);
  // There will be no run any more. What was posted and not called, or is posted from now on, is dropped, so that who
  // waits until all that hold something have let go of it does not wait for this shard.
  void close() noexcept;

  // The time at the start of this turn: cheap, and the same for all that happens in it.
  TimePoint now() const noexcept { return turnClock_.now(); }
  // The same, for what takes a clock.
  const Clock& turnClock() const noexcept { return turnClock_; }
  // The exact time.
  const Clock& clock() const noexcept { return clock_; }
  // On any thread: since when the shard has been at work without looking for what has come in, by its clock. Nothing
  // while it waits, or does not run.
  std::optional<TimePoint> busySince() const noexcept {
    const TimePoint since = busySince_.load(std::memory_order_relaxed);
    return since == notBusy ? std::nullopt : std::optional(since);
  }
  TimerQueue& timers() noexcept { return timers_; }
  Engine& engine() noexcept { return *engine_; }
  // How many completions each turn of the loop had. May be called on any thread.
  const BatchCounters& completions() const noexcept { return completions_; }

  class [[nodiscard]] NextTurnAwaiter final : private Runnable {
   public:
    explicit NextTurnAwaiter(Engine& engine) noexcept : engine_(engine) {}
    NextTurnAwaiter(const NextTurnAwaiter&) = delete;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) noexcept {
      resumeWith(waiting);
      engine_.makeRunnable(*this);
    }
    void await_resume() const noexcept {}

   private:
    Engine& engine_;
  };
  // Goes on in the next turn of the loop, when others have been served: for work that would keep the shard for long. No
  // token stops this wait, which is short.
  NextTurnAwaiter nextTurn() noexcept { return NextTurnAwaiter(*engine_); }

  // For as long as it lives, a coroutine of the shard awaits the result of another thread, and the clock is told so.
  class AwaitsThread {
   public:
    explicit AwaitsThread(Shard& shard) noexcept : shard_(shard) { ++shard_.awaitedOfThreads_; }
    AwaitsThread(const AwaitsThread&) = delete;
    AwaitsThread& operator=(const AwaitsThread&) = delete;
    ~AwaitsThread() { --shard_.awaitedOfThreads_; }

   private:
    Shard& shard_;
  };

  // One turn of the loop that does not wait. For tests that look at what happens in between.
  void poll() { turn(false); }

 private:
  class Wakeup final : public Operation {
   public:
    Wakeup(Engine& engine, int fd) noexcept : Operation(engine) {
      request().kind = Request::Kind::pollIn;
      request().fd = fd;
    }
    void arm() noexcept { start(); }
    void disarm() noexcept { cancel(); }

    bool woken = false;

   private:
    void complete(const Completion&) noexcept override { woken = true; }
  };
  // Listens for posts while a run lasts, and leaves nothing in flight when it ends.
  class Running {
   public:
    explicit Running(Shard& shard);
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running();

   private:
    Shard& shard_;
  };

  class TurnClock final : public Clock {
   public:
    explicit TurnClock(const Clock& clock) noexcept : clock_(clock) { tick(); }
    TimePoint now() const noexcept override { return now_; }
    WallTime wallTime() const noexcept override { return clock_.wallTime(); }
    void tick() noexcept { now_ = clock_.now(); }

   private:
    const Clock& clock_;
    TimePoint now_;
  };

  static constexpr TimePoint notBusy = TimePoint::max();

  void beginTurn() noexcept {
    turnClock_.tick();
    busySince_.store(now(), std::memory_order_relaxed);
  }
  void endTurn() noexcept { busySince_.store(notBusy, std::memory_order_relaxed); }
  void turn(bool mayWait);
  std::optional<Duration> waitLimit(bool mayWait) noexcept;
  void runPosted() noexcept;

  Clock& clock_;
  TurnClock turnClock_;
  std::atomic<TimePoint> busySince_{notBusy};
  TimerQueue timers_;
  std::size_t awaitedOfThreads_ = 0;
  std::unique_ptr<Engine> engine_;
  UniqueFd eventFd_;
  Wakeup wakeup_;
  BatchCounters completions_;
  std::mutex postedMutex_;
  bool isClosed_ = false;  // with the mutex
  std::vector<std::function<void()>> posted_;
  std::vector<std::function<void()>> running_;  // taken from posted_
};

}  // namespace taut
