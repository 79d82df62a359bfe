// Operation is one piece of I/O that a coroutine waits for. It lives in the frame of the coroutine that awaits it. Its
// Request says in neutral terms what is wanted, and its Completion what came of it. An Engine carries it out; nothing
// here or above depends on which.
//
// An operation is neither copied nor moved, and it is not destroyed while it is in flight: it is stopped, and then
// waits for its own completion like any other.
#pragma once

#include <cassert>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "taut/base/intrusive_list.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/io/io_result.hpp"

namespace taut {

class Engine;

// What is to be done. The comment at each kind names the members that it reads, beside fd.
struct Request {
  enum class Kind : std::uint8_t {
    nothing,           // completes on the next turn
    send,              // data, length
    sendMessage,       // data: msghdr
    receive,           // data, length
    receiveMessage,    // data: msghdr
    receiveBuffered,   // one buffer of bufferGroup, which the completion names
    receiveDatagrams,  // data: msghdr that sizes name and control; again and again, each into a buffer of bufferGroup
    accept,            // data: sockaddr, addressLength
    connect,           // data: sockaddr, length
    pollIn,            // until fd is readable
  };

  Kind kind = Kind::nothing;
  std::uint16_t bufferGroup = 0;
  int fd = -1;
  std::uint32_t length = 0;
  void* data = nullptr;
  std::uint32_t* addressLength = nullptr;
};

struct Completion {
  // A count or a descriptor, or a negated error number.
  int result = 0;
  // More completions of this operation follow.
  bool more = false;
  // `buffer` of the group was used.
  bool hasBuffer = false;
  std::uint16_t buffer = 0;
};

// A coroutine that waits, and that Engine::makeRunnable() has resumed at the end of the turn.
class Runnable : public ListHook<> {
 public:
  void resumeWith(std::coroutine_handle<> waiting) noexcept { waiting_ = waiting; }
  bool hasWaiter() const noexcept { return static_cast<bool>(waiting_); }
  void resume() { std::exchange(waiting_, nullptr).resume(); }

 protected:
  Runnable() noexcept = default;
  ~Runnable() = default;

 private:
  std::coroutine_handle<> waiting_;
};

// While it is in flight, it may be on a list of its engine or of a BufferRing by the same hook as when it is runnable.
class Operation : public Runnable, private StopCallbackBase {
 public:
  bool inFlight() const noexcept { return state_ != State::idle; }

 protected:
  explicit Operation(Engine& engine) noexcept : StopCallbackBase(&onStop), engine_(engine) {}
  virtual ~Operation() { assert(!inFlight() && "an operation is stopped and awaited, never dropped"); }

  // Hands request() to the engine.
  void start() noexcept;
  // Asks for an early end. The operation completes by itself, with ECANCELED or with what it had reached.
  void cancel() noexcept;
  // From now on a stop calls stopRequested(). False where it was requested already, and then nothing is called.
  bool obey(StopToken stop) noexcept { return attach(stop); }
  bool obeysToken() const noexcept { return isAttached(); }
  void ignoreStop() noexcept { detach(); }
  virtual void stopRequested() noexcept { cancel(); }

  Request& request() noexcept { return request_; }
  Engine& engine() const noexcept { return engine_; }

  // Called while completions are being read, so it resumes no coroutine: it keeps what it needs and calls ready().
  virtual void complete(const Completion& completion) noexcept = 0;
  // Makes the waiting coroutine runnable: it is resumed at the end of the turn. Only when no completion is to follow.
  void ready() noexcept;

 private:
  friend Engine;
  friend class BufferRing;

  enum class State : std::uint8_t { idle, parked, submitted };

  static void onStop(StopCallbackBase& callback) noexcept { static_cast<Operation&>(callback).stopRequested(); }

  Request request_;
  Engine& engine_;
  State state_ = State::idle;
};

// An operation that completes once and gives an IoResult to the coroutine that awaits it. The base of most awaiters.
// Where it is given no token it obeys that of the task.
class [[nodiscard]] SingleOperation : public Operation {
 public:
  SingleOperation(const SingleOperation&) = delete;

  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
    stop_ = detail::stopTokenFor(stop_, waiting);
    return suspend(waiting);
  }
  IoResult await_resume() const noexcept { return result_; }

 protected:
  SingleOperation(Engine& engine, StopToken stop) noexcept : Operation(engine), stop_(stop) {}

  void complete(const Completion& completion) noexcept override {
    ignoreStop();
    result_ = IoResult(completion.result);
    ready();
  }

 private:
  bool suspend(std::coroutine_handle<> waiting) noexcept {
    if (stop_.stopRequested()) {
      result_ = IoResult::failure(ECANCELED);
      return false;
    }
    resumeWith(waiting);
    start();
    obey(stop_);
    return true;
  }

  StopToken stop_;
  IoResult result_;
};

// Waits until the descriptor is readable.
class [[nodiscard]] ReadableOperation final : public SingleOperation {
 public:
  ReadableOperation(Engine& engine, int fd, StopToken stop) noexcept : SingleOperation(engine, stop) {
    request().kind = Request::Kind::pollIn;
    request().fd = fd;
  }
};

}  // namespace taut
