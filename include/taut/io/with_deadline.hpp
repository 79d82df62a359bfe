// withDeadline bounds the time of a task:
//
//   auto asked = backend.ask(question);
//   const auto reply = co_await withDeadline(shard, 200ms, std::move(asked));
//   if (!reply) …      // too slow
//
// When the time is over the task is stopped by the token that its waits inherit, and awaited: it has ended before
// withDeadline does, and what it gives then is dropped. A wait of its own that was given another token goes on. The
// stop of the awaiting task stops it too; then what it gives is the result. Its exceptions are rethrown.
#pragma once

#include <optional>
#include <utility>

#include "taut/base/clock.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/current_stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/io/deadline.hpp"
#include "taut/io/shard.hpp"

namespace taut {

// Nothing where the time was over first. It counts from the await on.
template <typename T>
Task<std::optional<T>> withDeadline(Shard& shard, Duration duration, Task<T> task) {
  const StopToken stop = co_await currentStopToken();
  Deadline deadline(shard, duration, stop);
  co_await detail::obey(deadline.token());
  T value = co_await std::move(task);
  if (deadline.expired()) co_return std::nullopt;
  std::optional<T> result(std::in_place, std::move(value));
  co_return result;
}

// False where the time was over first.
inline Task<bool> withDeadline(Shard& shard, Duration duration, Task<> task) {
  const StopToken stop = co_await currentStopToken();
  Deadline deadline(shard, duration, stop);
  co_await detail::obey(deadline.token());
  co_await std::move(task);
  co_return !deadline.expired();
}

}  // namespace taut
