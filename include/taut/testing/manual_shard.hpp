// A shard whose clock is turned by hand, and jumps to the next deadline where nothing else can happen: an hour's sleep
// takes a millisecond.
#pragma once

#include <chrono>

#include "taut/base/clock.hpp"
#include "taut/io/shard.hpp"

namespace taut::testing {

namespace detail {

// Before the shard, which refers to it.
struct ShardClock {
  ShardOptions options() {
    ShardOptions options;
    options.clock = &manualClock;
    return options;
  }

  ManualClock manualClock;
};

}  // namespace detail

class ManualShard : private detail::ShardClock, public Shard {
 public:
  ManualShard() : Shard(options()) { manualClock.skipIdle(std::chrono::milliseconds(1)); }

  void advance(Duration duration) noexcept { manualClock.advance(duration); }
  // Since the shard was made, by its clock.
  Duration elapsed() const noexcept { return manualClock.now() - begin_; }

 private:
  TimePoint begin_ = manualClock.now();
};

}  // namespace taut::testing
