#include "taut/net/stream_buffers.hpp"

#include <cerrno>
#include <coroutine>

#include "taut/base/stop_token.hpp"

namespace taut {

PooledReceive::PooledReceive(Ring& ring, int fd, StreamBuffers& buffers, StopToken stop) noexcept
    : Operation(ring), buffers_(buffers.ring_), stop_(stop) {
  request().kind = Request::Kind::receiveBuffered;
  request().fd = fd;
  request().bufferGroup = buffers_.group();
}

bool PooledReceive::await_ready() noexcept {
  if (!stop_.stopRequested()) return false;
  result_ = IoResult::failure(ECANCELED);
  return true;
}

void PooledReceive::await_suspend(std::coroutine_handle<> waiting) noexcept {
  resumeWith(waiting);
  obey(stop_);
  start();
}

ReceivedData PooledReceive::await_resume() noexcept {
  if (!hasBuffer_) return ReceivedData(result_);
  hasBuffer_ = false;
  return {buffers_, buffer_, result_};
}

void PooledReceive::complete(const Completion& completion) noexcept {
  if (completion.hasBuffer) {
    buffers_.take();
    buffer_ = completion.buffer;
    hasBuffer_ = completion.result > 0;
    if (!hasBuffer_) buffers_.giveBack(buffer_);
  }
  if (completion.result == -ENOBUFS && !stopping_) {
    receiveAgain();
  } else {
    // Data that has arrived counts, even when a stop came at the same time.
    finish(completion.result == -ENOBUFS ? -ECANCELED : completion.result);
  }
}

void PooledReceive::receiveAgain() noexcept {
  if (buffers_.offered() > 0) {
    start();
  } else {
    buffers_.waitForBuffer(*this);
  }
}

void PooledReceive::finish(int result) noexcept {
  ignoreStop();
  result_ = IoResult(result);
  ready();
}

void PooledReceive::stopRequested() noexcept {
  stopping_ = true;
  if (inFlight()) {
    cancel();
  } else if (BufferRing::Waiter::isLinked()) {
    BufferRing::Waiter::unlink();
    finish(-ECANCELED);
  }
}

}  // namespace taut
