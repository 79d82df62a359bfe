// The end of some work of a shard: it takes nothing new, finishes what it has, and is stopped where that takes long.
#pragma once

#include <new>
#include <optional>

#include "taut/base/clock.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/io/deadline.hpp"
#include "taut/io/shard.hpp"

namespace taut {

class Drain {
 public:
  Drain() = default;
  // Also begins and ends together with the work that this one is a part of.
  explicit Drain(Drain& whole) noexcept : stop_(whole.stop()), abort_(whole.abort()) {}
  Drain(const Drain&) = delete;
  Drain& operator=(const Drain&) = delete;

  StopToken stop() noexcept { return stop_.token(); }    // nothing new
  StopToken abort() noexcept { return abort_.token(); }  // what is in work has had its time
  bool hasBegun() const noexcept { return stop_.stopRequested(); }

  // Where there is no memory for the timer there is no patience either. The work, and this object with it, may have
  // ended on return.
  void begin(Shard& shard, Duration patience) noexcept {
    try {
      limit_.emplace(shard, patience);
      whenOver_.emplace(limit_->token(), Abort{abort_});
    } catch (const std::bad_alloc&) {
      abort_.requestStop();
    }
    stop_.requestStop();
  }
  // All of the work has ended: its time does not count any more.
  void ended() noexcept {
    whenOver_.reset();
    limit_.reset();
  }

 private:
  struct Abort {
    StopSource& source;
    void operator()() const { source.requestStop(); }
  };

  StopSource stop_;
  StopSource abort_;
  std::optional<Deadline> limit_;
  std::optional<StopCallback<Abort>> whenOver_;
};

}  // namespace taut
