#include "taut/net/stream_buffers.hpp"

#include <cerrno>
#include <coroutine>

#include "taut/base/stop_token.hpp"

namespace taut {

PooledReceive::PooledReceive(Engine& engine, int fd, StreamBuffers& buffers, StopToken stop) noexcept
    : Operation(engine), buffers_(buffers.ring_) {
  request().kind = Request::Kind::receiveBuffered;
  request().fd = fd;
  request().bufferGroup = buffers_.group();
  stopping_ = !obey(stop);
}

bool PooledReceive::suspend(std::coroutine_handle<> waiting) noexcept {
  if (stopping_) return false;
  resumeWith(waiting);
  start();
  return true;
}

ReceivedData PooledReceive::await_resume() noexcept {
  if (result_.value() == 0) return ReceivedData(result_);
  return {buffers_, buffer_, result_};
}

void PooledReceive::complete(const Completion& completion) noexcept {
  if (completion.hasBuffer) {
    buffers_.take();
    buffer_ = completion.buffer;
    if (completion.result <= 0) buffers_.giveBack(buffer_);
  }
  if (completion.result == -ENOBUFS && !stopping_) {
    receiveAgain();
    return;
  }
  ignoreStop();
  // Data that has arrived counts, even when a stop came at the same time.
  result_ = IoResult(completion.result == -ENOBUFS ? -ECANCELED : completion.result);
  ready();
}

void PooledReceive::receiveAgain() noexcept {
  if (buffers_.offered() > 0) {
    start();
  } else {
    buffers_.waitForBuffer(*this);
  }
}

void PooledReceive::stopRequested() noexcept {
  stopping_ = true;
  if (inFlight()) cancel();
}

}  // namespace taut
