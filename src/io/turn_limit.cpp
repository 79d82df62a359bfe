#include "taut/io/turn_limit.hpp"

namespace taut {

bool TurnLimit::Awaiter::await_ready() noexcept {
  goesOn_ = !stop_.stopRequested() && limit_.tryNow();
  return goesOn_ || stop_.stopRequested();
}

void TurnLimit::Awaiter::await_suspend(std::coroutine_handle<> waiting) noexcept {
  resumeWith(waiting);
  limit_.waiting_.pushBack(*this);
  attach(stop_);
  if (!limit_.passing_) limit_.letNextGoOn();
}

bool TurnLimit::Awaiter::await_resume() noexcept {
  if (isLast_) limit_.letNextGoOn();
  return goesOn_ && !stop_.stopRequested();
}

void TurnLimit::Awaiter::stopWaiting(StopCallbackBase& callback) noexcept {
  auto& awaiter = static_cast<Awaiter&>(callback);
  awaiter.Runnable::unlink();
  awaiter.limit_.shard_.engine().makeRunnable(awaiter);
}

// The time of a turn does not change, and the next turn has another one.
bool TurnLimit::tryNow() noexcept {
  if (passing_) return false;
  if (turn_ != shard_.now()) {
    turn_ = shard_.now();
    thisTurn_ = 0;
  }
  if (thisTurn_ == perTurn_) return false;
  ++thisTurn_;
  return true;
}

// What is made runnable now is resumed in the next turn. The last of these lets others go on after it.
void TurnLimit::letNextGoOn() noexcept {
  Awaiter* last = nullptr;
  for (std::size_t i = 0; i < perTurn_ && !waiting_.empty(); ++i) {
    last = static_cast<Awaiter*>(waiting_.popFront());
    last->detach();
    last->goesOn_ = true;
    shard_.engine().makeRunnable(*last);
  }
  passing_ = last != nullptr;
  if (last) last->isLast_ = true;
}

}  // namespace taut
