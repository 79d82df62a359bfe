#include "piece_queue.hpp"

#include <chrono>
#include <exception>
#include <new>
#include <thread>

#include "taut/base/reason.hpp"

namespace taut {

void PieceQueue::notify() {
  shard_.post([self = shared_from_this()] { self->changed_.set(); });
}

bool PieceQueue::put(std::string piece) {
  {
    std::unique_lock lock(mutex_);
    taken_.wait(lock, [this] { return closed_ || !piece_; });
    if (closed_) return false;
    piece_ = std::move(piece);
  }
  notify();
  return true;
}

void PieceQueue::end(std::string error) {
  {
    const std::scoped_lock lock(mutex_);
    error_ = std::move(error);
    ended_ = true;
  }
  // The reader waits for this, so it has to get through, also when memory comes back late.
  constexpr std::chrono::milliseconds pause{10};
  for (bool notified = false; !notified;) {
    try {
      notify();
      notified = true;
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(pause);
    }
  }
}

void PieceQueue::fill(const std::function<void(PieceQueue&)>& make) noexcept {
  std::string error;
  try {
    make(*this);
  } catch (const std::bad_alloc&) {
    error = "no memory";  // needs none itself
  } catch (const std::exception& failed) {
    error = reasonOf(failed);
  }
  end(std::move(error));
}

std::optional<std::string> PieceQueue::take() {
  const std::scoped_lock lock(mutex_);
  taken_.notify_all();
  return std::exchange(piece_, std::nullopt);
}

Task<std::optional<std::string>> PieceQueue::next(StopToken stop) {
  for (;;) {
    changed_.reset();
    std::optional<std::string> piece = take();
    if (piece) co_return piece;
    {
      const std::scoped_lock lock(mutex_);
      if (ended_ && !piece_) co_return std::nullopt;
      if (piece_) continue;
    }
    const bool changed = co_await changed_.wait(stop);
    if (!changed) co_return std::nullopt;
  }
}

std::string PieceQueue::error() {
  const std::scoped_lock lock(mutex_);
  return error_;
}

void PieceQueue::close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  piece_.reset();
  taken_.notify_all();
}

}  // namespace taut
