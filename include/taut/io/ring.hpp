// Ring is the engine that carries out operations: one io_uring, used by one thread. It takes a submission entry when an
// operation starts. Where the submission queue is full the operation parks, without allocation and without an error,
// until the next poll. Completions are moved off the kernel's queue first and their coroutines resumed afterwards,
// never in between.
//
// A second engine needs the members of this class and the terms of Operation, and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "taut/base/clock.hpp"
#include "taut/base/intrusive_list.hpp"
#include "taut/io/operation.hpp"

struct io_uring;

namespace taut {

// The kernel or a policy does not let us use io_uring. what() is one line: the reason, and what to do about it.
class IoUnavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct RingOptions {
  // Entries of the two queues; the kernel rounds up to powers of two.
  std::uint32_t submissionEntries = 512;
  std::uint32_t completionEntries = 4096;
};

// Something that gathers work during a turn and starts it all together, just before the ring submits.
class BeforeSubmit : public ListHook<BeforeSubmit> {
 public:
  virtual void beforeSubmit() noexcept = 0;

 protected:
  ~BeforeSubmit() = default;
};

class Ring {
 public:
  // May be called on any thread; the thread that first polls is the ring's from then on. Throws IoUnavailable.
  explicit Ring(const RingOptions& options = {});
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring();

  // Starts an operation. It completes in some later poll.
  void submit(Operation& operation) noexcept;
  // Asks the kernel to end an operation early.
  void cancel(Operation& operation) noexcept;
  // Has the coroutine that waits on `runnable` resumed at the end of the turn.
  void makeRunnable(Runnable& runnable) noexcept { runnable_.pushBack(runnable); }
  bool hasRunnable() const noexcept { return !runnable_.empty(); }
  // Has beforeSubmit() called once, at the start of the next poll. It may start operations; that poll submits them.
  void callBeforeSubmit(BeforeSubmit& work) noexcept { gathered_.pushBack(work); }

  // Submits what is queued, waits for a completion for `limit` at most (nullopt: for as long as it takes; zero: not at
  // all), and tells every operation that completed. Returns how many completions there were. Resumes no coroutine.
  std::size_t poll(std::optional<Duration> limit);
  // Resumes the coroutines that were runnable when it was called.
  void resumeRunnable();

  // Tie the ring to the calling thread and untie it; in between system calls are cheaper.
  void enterThread() noexcept;
  void leaveThread() noexcept;

  // How often the submission queue was full, and how often the completion queue had overflown.
  std::uint64_t parkedCount() const noexcept { return parkedCount_; }
  std::uint64_t overflowCount() const noexcept { return overflowCount_; }
  // Operations that wait for room in the submission queue.
  bool hasParked() const noexcept { return !parked_.empty() || !cancelling_.empty(); }

 private:
  friend class BufferRing;

  std::size_t reap() noexcept;
  void completed(Operation& operation, const Completion& completion) noexcept;
  void drainParked() noexcept;
  bool trySubmit(Operation& operation) noexcept;
  bool tryCancel(Operation& operation) noexcept;
  void wait(std::optional<Duration> limit);
  std::uint16_t takeBufferGroup() noexcept { return nextBufferGroup_++; }

  std::unique_ptr<io_uring> ring_;
  IntrusiveList<Runnable> runnable_;
  IntrusiveList<BeforeSubmit, BeforeSubmit> gathered_;
  // Operations that have no submission entry yet, and those in flight whose cancellation has none.
  IntrusiveList<Operation> parked_;
  IntrusiveList<Operation> cancelling_;
  std::uint64_t parkedCount_ = 0;
  std::uint64_t overflowCount_ = 0;
  std::uint16_t nextBufferGroup_ = 0;
  bool enabled_ = false;
};

inline void Operation::start() noexcept {
  ring_.submit(*this);
}
inline void Operation::cancel() noexcept {
  ring_.cancel(*this);
}
inline void Operation::ready() noexcept {
  assert(!inFlight());
  if (hasWaiter()) ring_.makeRunnable(*this);
}

}  // namespace taut
