// Hands pieces of text from a thread that makes them to a coroutine that sends them, one at a time: the thread waits
// while the coroutine has not taken the piece before, so that a large text is never in memory as a whole.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "taut/base/stop_token.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/task.hpp"
#include "taut/io/shard.hpp"

namespace taut {

class PieceQueue : public std::enable_shared_from_this<PieceQueue> {
 public:
  // The shard outlives the thread that puts pieces in.
  static std::shared_ptr<PieceQueue> make(Shard& shard) { return std::shared_ptr<PieceQueue>(new PieceQueue(shard)); }

  // On the thread that makes the pieces. False where no more are wanted.
  bool put(std::string piece);
  // The last piece has been put, or there is an error.
  void end(std::string error = {});
  // Has `make` put all pieces, and ends them. What it throws is the error.
  void fill(const std::function<void(PieceQueue&)>& make) noexcept;

  // On the shard. The next piece; nothing after the last one, or after a stop.
  Task<std::optional<std::string>> next(StopToken stop);
  // Why there are no more pieces, after the last one; empty where that was all.
  std::string error();
  // No more are wanted. To be called in any case, at the end.
  void close();
  // Does so, however the coroutine ends.
  class Reader {
   public:
    explicit Reader(std::shared_ptr<PieceQueue> queue) noexcept : queue_(std::move(queue)) {}
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader() { queue_->close(); }

   private:
    std::shared_ptr<PieceQueue> queue_;
  };

 private:
  explicit PieceQueue(Shard& shard) noexcept : shard_(shard) {}

  void notify();
  std::optional<std::string> take();

  Shard& shard_;
  Event changed_;  // on the shard
  std::mutex mutex_;
  std::condition_variable taken_;
  std::optional<std::string> piece_;
  std::string error_;
  bool ended_ = false;
  bool closed_ = false;
};

}  // namespace taut
