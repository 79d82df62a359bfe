// Lets a coroutine of a shard wait for what another thread does:
//
//   const auto handover = std::make_shared<Handover>(shard);
//   // gives it to the other thread, which calls Handover::finish(handover)
//   const bool finished = co_await handover->wait(stop);
//   handover->abandon();
//
// The shard may be gone when the other thread has finished: from `abandon` on it is not touched.
#pragma once

#include <memory>
#include <mutex>

#include "taut/base/stop_token.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/task.hpp"
#include "taut/io/shard.hpp"

namespace taut {

class Handover {
 public:
  explicit Handover(Shard& shard) noexcept : shard_(&shard) {}
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;
  ~Handover() = default;

  // On any thread: has `wait` end on the shard's thread. What was written before is seen there.
  static void finish(std::shared_ptr<Handover> handover) noexcept;
  // On the shard's thread: true when the other thread has finished, false where the token stopped the wait first, or
  // that of the task where none is given.
  Task<bool> wait(StopToken stop = {});
  // On the shard's thread: another thread is to finish it once more.
  void reset() noexcept { finished_.reset(); }
  // On the shard's thread: from its return on the shard is not touched.
  void abandon() noexcept;

 private:
  Event finished_;  // of the shard's thread
  std::mutex mutex_;
  Shard* shard_;  // null from `abandon` on
};

}  // namespace taut
