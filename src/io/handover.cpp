#include "taut/io/handover.hpp"

#include <chrono>
#include <new>
#include <thread>

namespace taut {

namespace {

// Between two attempts where memory has run out.
constexpr std::chrono::milliseconds pauseWithoutMemory{10};

}  // namespace

void Handover::finish(std::shared_ptr<Handover> handover) noexcept {
  for (;;) {
    {
      const std::scoped_lock lock(handover->mutex_);
      if (handover->shard_ == nullptr) return;
      try {
        handover->shard_->post([handover] { handover->finished_.set(); });
        return;
      } catch (const std::bad_alloc&) {
        // The awaiter waits for it, so it is tried again.
      }
    }
    std::this_thread::sleep_for(pauseWithoutMemory);
  }
}

Task<bool> Handover::wait(StopToken stop) {
  const Shard::AwaitsThread awaits(*shard_);
  const bool finished = co_await finished_.wait(stop);
  co_return finished;
}

void Handover::abandon() noexcept {
  const std::scoped_lock lock(mutex_);
  shard_ = nullptr;
}

}  // namespace taut
