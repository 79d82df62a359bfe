// Semaphore bounds how many coroutines of one thread do something at a time: the queries in flight of one connection,
// or, with one permit, the writers to one stream. Permits are handed out in the order of asking.
#pragma once

#include <coroutine>
#include <cstddef>
#include <utility>

#include "taut/base/intrusive_list.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"

namespace taut {

class Semaphore {
 public:
  explicit Semaphore(std::size_t permits) noexcept : free_(permits) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  // What acquire() gives: holds one permit, or none where the token, or that of the task, stopped the wait. Gives it
  // back when destroyed; must not outlive the semaphore.
  class [[nodiscard]] Permit {
   public:
    Permit() noexcept = default;
    Permit(Permit&& other) noexcept : semaphore_(std::exchange(other.semaphore_, nullptr)) {}
    Permit& operator=(Permit&& other) noexcept {
      if (this != &other) {
        release();
        semaphore_ = std::exchange(other.semaphore_, nullptr);
      }
      return *this;
    }
    ~Permit() { release(); }

    explicit operator bool() const noexcept { return semaphore_ != nullptr; }
    void release() noexcept {
      if (semaphore_ != nullptr) std::exchange(semaphore_, nullptr)->giveBack();
    }

   private:
    friend Semaphore;
    explicit Permit(Semaphore& semaphore) noexcept : semaphore_(&semaphore) {}
    Semaphore* semaphore_ = nullptr;
  };

  class [[nodiscard]] Awaiter final : private ListHook<>, private StopCallbackBase {
   public:
    Awaiter(Semaphore& semaphore, StopToken stop) noexcept
        : StopCallbackBase(&stopWaiting), semaphore_(semaphore), stop_(stop) {}
    Awaiter(const Awaiter&) = delete;
    ~Awaiter() { ListHook<>::unlink(); }

    bool await_ready() noexcept;
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
      stop_ = detail::stopTokenFor(stop_, waiting);
      return suspend(waiting);
    }
    Permit await_resume() const noexcept { return granted_ ? Permit(semaphore_) : Permit(); }

   private:
    friend Semaphore;
    friend IntrusiveList<Awaiter>;

    bool suspend(std::coroutine_handle<> waiting) noexcept;
    static void stopWaiting(StopCallbackBase& callback) noexcept;

    Semaphore& semaphore_;
    StopToken stop_;
    std::coroutine_handle<> waiting_;
    bool granted_ = false;
  };
  Awaiter acquire(StopToken stop = {}) noexcept { return Awaiter(*this, stop); }

  // A permit where one is free now.
  Permit tryAcquire() noexcept;
  std::size_t available() const noexcept { return free_; }

 private:
  void giveBack() noexcept;

  IntrusiveList<Awaiter> waiters_;
  std::size_t free_;
};

}  // namespace taut
