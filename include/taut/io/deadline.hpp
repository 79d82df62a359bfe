// Deadline stops the work that obeys its token when a time has passed, or earlier when the parent token stops.
//
//   Deadline deadline(shard, 5s, stop);
//   const IoResult read = co_await stream.readExactly(frame, deadline.token());
//   if (read.stopped() && deadline.expired()) …      // too slow
#pragma once

#include "taut/base/clock.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/io/shard.hpp"
#include "taut/io/timer.hpp"

namespace taut {

class Deadline final : private Timer {
 public:
  Deadline(Shard& shard, Duration duration, StopToken parent = {}) : Timer(&timeCame), shard_(shard), source_(parent) {
    restart(duration);
  }

  StopToken token() noexcept { return source_.token(); }
  // The time has passed, as opposed to a stop by the parent.
  bool expired() const noexcept { return expired_; }
  // Counts the time from now again, as an idle time-out does. Too late once the deadline has expired.
  void restart(Duration duration) { shard_.timers().arm(*this, shard_.now() + duration); }
  // The time no longer counts; the parent's stop still does.
  void cancel() noexcept { disarm(); }

 private:
  static void timeCame(Timer& timer) noexcept {
    auto& deadline = static_cast<Deadline&>(timer);
    deadline.expired_ = true;
    // Last: the work that is stopped may destroy the deadline.
    deadline.source_.requestStop();
  }

  Shard& shard_;
  StopSource source_;
  bool expired_ = false;
};

}  // namespace taut
