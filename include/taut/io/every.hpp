// every repeats work for as long as its token does not stop: at once, and then when an interval has passed since the
// last beginning. Work that takes longer than that is begun again when it has ended; it never runs twice at a time.
//
//   work.spawn(every(shard, 1h, [this] { return fetchList(); }), work.token());
//
// What the work throws is logged, and it is done again after the interval.
#pragma once

#include <exception>
#include <utility>

#include "taut/base/clock.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/current_stop_token.hpp"
#include "taut/coro/log_failure.hpp"
#include "taut/coro/task.hpp"
#include "taut/io/shard.hpp"
#include "taut/io/sleep.hpp"

namespace taut {

// `function` gives a Task<>, which inherits the token. The interval is more than 0. The token is that of the task where
// none is given.
template <typename Function>
Task<> every(Shard& shard, Duration interval, Function function, StopToken stop = {}) {
  if (stop.stopPossible()) co_await detail::obey(stop);
  const StopToken obeyed = co_await currentStopToken();
  while (!obeyed.stopRequested()) {
    const TimePoint next = shard.now() + interval;
    try {
      Task<> work = function();
      co_await std::move(work);
    } catch (...) {
      detail::logFailure("what is done at intervals failed", std::current_exception());
    }
    co_await sleepUntil(shard, next);
  }
}

}  // namespace taut
