// The query whose work a shard has begun last and not put aside, as its own thread knows it and another thread may read
// it: what the shard is busy with.
//
// A query costs its shard a few stores and no barrier. The thread that reads has the kernel make the barriers
// (membarrier(2)), and a query that ends at this very moment waits for it.
#pragma once

#include <atomic>
#include <optional>
#include <string>

namespace taut {

class WaitingQuery;

class CurrentQuery {
 public:
  CurrentQuery() = default;
  CurrentQuery(const CurrentQuery&) = delete;
  CurrentQuery& operator=(const CurrentQuery&) = delete;

  // On the shard's thread: the query is the current one, until it ends, is put aside, or its turn does. The work on one
  // query may bring that on another about; then the first one is current again.
  class Turn {
   public:
    Turn(CurrentQuery& current, const WaitingQuery& query) noexcept
        : current_(current), before_(current.query_.load(std::memory_order_relaxed)) {
      current.query_.store(&query, std::memory_order_release);
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { current_.query_.store(before_, std::memory_order_release); }

   private:
    CurrentQuery& current_;
    const WaitingQuery* before_;
  };

  bool is(const WaitingQuery& query) const noexcept { return query_.load(std::memory_order_relaxed) == &query; }

  // On the shard's thread: the current query waits, or ends. It may be destroyed when this returns.
  void putAside() noexcept {
    query_.store(nullptr, std::memory_order_relaxed);
    // The other half of the barrier is in describe(): where the flag is not seen here, the query is not seen there.
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (isRead_.load(std::memory_order_acquire)) [[unlikely]]
      waitForReader();
  }

  // On any one thread: name, type and client of the current query. Nothing where there is none; "a question" where the
  // kernel refuses membarrier(2).
  std::optional<std::string> describe();

 private:
  void waitForReader() const noexcept;

  std::atomic<const WaitingQuery*> query_{nullptr};
  std::atomic<bool> isRead_{false};
};

}  // namespace taut
