// Lets a coroutine of a shard wait for what another thread does:
//
//   const auto handover = std::make_shared<Handover>(shard);
//   // gives it to the other thread, which calls Handover::finish(handover)
//   const bool finished = co_await handover->finished.wait(stop);
//   handover->abandon();
//
// The shard may be gone when the other thread has finished: from `abandon` on it is not touched.
#pragma once

#include <memory>
#include <mutex>

#include "taut/coro/event.hpp"
#include "taut/io/shard.hpp"

namespace taut {

class Handover {
 public:
  explicit Handover(Shard& shard) noexcept : shard_(&shard) {}
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;
  ~Handover() = default;

  // On any thread: has `finished` set on the shard's thread. What was written before is seen there.
  static void finish(std::shared_ptr<Handover> handover) noexcept;
  // On the shard's thread: from its return on the shard is not touched.
  void abandon() noexcept;

  Event finished;  // of the shard's thread

 private:
  std::mutex mutex_;
  Shard* shard_;  // null from `abandon` on
};

}  // namespace taut
