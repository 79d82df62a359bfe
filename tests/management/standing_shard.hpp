// A shard whose time stands still until the test lets it pass, and which turns only where the test says so.
#pragma once

#include "taut/base/clock.hpp"
#include "taut/io/shard.hpp"

namespace taut {

struct StandingShard {
  void turn(int times = 20) {
    while (times-- > 0) shard.poll();
  }
  void pass(Duration duration) {
    clock.advance(duration);
    turn();
  }

  ManualClock clock;
  Shard shard{optionsWith(clock)};

 private:
  static ShardOptions optionsWith(Clock& clock) {
    ShardOptions options;
    options.clock = &clock;
    return options;
  }
};

}  // namespace taut
