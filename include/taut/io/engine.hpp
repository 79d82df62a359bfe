// Engine carries out operations for one thread. What completes is told to the operations first, and their coroutines
// are resumed afterwards, never in between. IoUringEngine hands operations to the kernel; EpollEngine makes the calls
// itself, and waits by epoll for those that would block.
//
// The sockets of operations are in blocking mode. They are not to be shared with another engine: EpollEngine leaves
// those that it accepts or connects by in non-blocking mode, in which operations of io_uring do not wait.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "taut/base/clock.hpp"
#include "taut/base/intrusive_list.hpp"
#include "taut/io/engine_choice.hpp"
#include "taut/io/operation.hpp"

namespace taut {

struct OfferedBuffer;

struct EngineOptions {
  EngineKind kind = EngineKind::automatic;
  // Entries of the two queues of io_uring; the kernel rounds up to powers of two.
  std::uint32_t submissionEntries = 512;
  std::uint32_t completionEntries = 4096;
};

// Something that gathers work during a turn and starts it all together, just before the engine waits.
class BeforeSubmit : public ListHook<BeforeSubmit> {
 public:
  virtual void beforeSubmit() noexcept = 0;

 protected:
  ~BeforeSubmit() = default;
};

class Engine {
 public:
  // May be called on any thread; the thread that first polls is the engine's from then on. Throws IoUnavailable.
  static std::unique_ptr<Engine> make(const EngineOptions& options = {});
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine();

  // Starts an operation. It completes in some later poll.
  virtual void submit(Operation& operation) noexcept = 0;
  // Has an operation end early. It completes now or in some later poll.
  virtual void cancel(Operation& operation) noexcept = 0;

  // Makes the buffers of a BufferRing a group that requests can name. Throws IoUnavailable or std::bad_alloc.
  virtual std::uint16_t addBuffers(std::span<OfferedBuffer> ring) = 0;
  virtual void removeBuffers(std::uint16_t group) noexcept = 0;

  // Has the coroutine that waits on `runnable` resumed at the end of the turn.
  void makeRunnable(Runnable& runnable) noexcept { runnable_.pushBack(runnable); }
  bool hasRunnable() const noexcept { return !runnable_.empty(); }
  // Has beforeSubmit() called once, at the start of the next poll. It may start operations, which that poll carries
  // out.
  void callBeforeSubmit(BeforeSubmit& work) noexcept { gathered_.pushBack(work); }

  // Carries out what was started, waits for a completion for `limit` at most (nullopt: for as long as it takes; zero:
  // not at all), and tells every operation that completed. Returns how many completions there were. Resumes no
  // coroutine.
  std::size_t poll(std::optional<Duration> limit);
  // Resumes the coroutines that were runnable when it was called.
  void resumeRunnable();

  // Tie the engine to the calling thread and untie it; in between system calls are cheaper.
  void enterThread() noexcept;
  void leaveThread() noexcept;

 protected:
  using State = Operation::State;

  Engine() noexcept = default;

  static const Request& requestOf(const Operation& operation) noexcept { return operation.request_; }
  static State stateOf(const Operation& operation) noexcept { return operation.state_; }
  static void setState(Operation& operation, State state) noexcept { operation.state_ = state; }
  // Tells an operation what came of it. After its last completion it is on no list of the engine.
  static void complete(Operation& operation, const Completion& completion) noexcept {
    if (!completion.more) {
      operation.state_ = State::idle;
      operation.Runnable::unlink();
    }
    operation.complete(completion);
  }

 private:
  virtual std::size_t carryOut(std::optional<Duration> limit) = 0;
  virtual void tieToThread() noexcept {}
  virtual void untieFromThread() noexcept {}

  IntrusiveList<Runnable> runnable_;
  IntrusiveList<BeforeSubmit, BeforeSubmit> gathered_;
};

inline void Operation::start() noexcept {
  engine_.submit(*this);
}
inline void Operation::cancel() noexcept {
  engine_.cancel(*this);
}
inline void Operation::ready() noexcept {
  assert(!inFlight());
  if (hasWaiter()) engine_.makeRunnable(*this);
}

}  // namespace taut
