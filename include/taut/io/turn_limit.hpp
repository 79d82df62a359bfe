// TurnLimit bounds how often one turn of a shard's loop does something dear, so that what is cheap does not wait for
// it:
//
//   const bool mine = co_await limit.next(stop);
//
// The first so many of a turn go on at once. The others wait, in the order of asking, and as many of them go on in each
// turn from then on.
#pragma once

#include <coroutine>
#include <cstddef>

#include "taut/base/clock.hpp"
#include "taut/base/intrusive_list.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/io/operation.hpp"
#include "taut/io/shard.hpp"

namespace taut {

class TurnLimit {
 public:
  // At least 1.
  TurnLimit(Shard& shard, std::size_t perTurn) noexcept : shard_(shard), perTurn_(perTurn) {}
  TurnLimit(const TurnLimit&) = delete;
  TurnLimit& operator=(const TurnLimit&) = delete;

  class [[nodiscard]] Awaiter final : private Runnable, private StopCallbackBase {
   public:
    Awaiter(TurnLimit& limit, StopToken stop) noexcept : StopCallbackBase(&stopWaiting), limit_(limit), stop_(stop) {}
    Awaiter(const Awaiter&) = delete;

    bool await_ready() noexcept;
    void await_suspend(std::coroutine_handle<> waiting) noexcept;
    bool await_resume() noexcept;

   private:
    friend TurnLimit;

    static void stopWaiting(StopCallbackBase& callback) noexcept;

    TurnLimit& limit_;
    StopToken stop_;
    bool goesOn_ = false;
    bool isLast_ = false;  // of those that go on in its turn
  };
  // True when it is the caller's turn, false where the token stopped the wait.
  Awaiter next(StopToken stop = {}) noexcept { return Awaiter(*this, stop); }

 private:
  bool tryNow() noexcept;
  void letNextGoOn() noexcept;

  Shard& shard_;
  std::size_t perTurn_;
  std::size_t thisTurn_ = 0;
  TimePoint turn_{};
  IntrusiveList<Runnable> waiting_;
  bool passing_ = false;  // some that waited go on in the next turn
};

}  // namespace taut
