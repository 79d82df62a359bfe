#include "io_uring_engine.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <system_error>

#include <liburing.h>

#include "io_uring_setup.hpp"
#include "taut/base/log.hpp"
#include "taut/io/buffer_ring.hpp"
#include "taut/io/received_message.hpp"

namespace taut {

namespace {

static_assert(sizeof(ReceivedMessageHeader) == sizeof(io_uring_recvmsg_out) &&
              offsetof(ReceivedMessageHeader, controlLength) == offsetof(io_uring_recvmsg_out, controllen) &&
              offsetof(ReceivedMessageHeader, payloadLength) == offsetof(io_uring_recvmsg_out, payloadlen) &&
              offsetof(ReceivedMessageHeader, flags) == offsetof(io_uring_recvmsg_out, flags));

static_assert(sizeof(OfferedBuffer) == sizeof(io_uring_buf) &&
              offsetof(OfferedBuffer, address) == offsetof(io_uring_buf, addr) &&
              offsetof(OfferedBuffer, length) == offsetof(io_uring_buf, len) &&
              offsetof(OfferedBuffer, id) == offsetof(io_uring_buf, bid) &&
              offsetof(OfferedBuffer, tail) == offsetof(io_uring_buf_ring, tail));

// TSan does not see that the kernel unmaps a ring before it maps another one in its place, for another thread.
#ifdef __SANITIZE_THREAD__
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
char ringMemory;
void ringIsMapped() {
  __tsan_acquire(&ringMemory);
}
void ringIsUnmapped() {
  __tsan_release(&ringMemory);
}
#else
void ringIsMapped() {}
void ringIsUnmapped() {}
#endif

int setUpByKernel(unsigned entries, io_uring& ring, io_uring_params& params) {
  const int result = io_uring_queue_init_params(entries, &ring, &params);
  ringIsMapped();
  return result;
}

void endRing(io_uring& ring) {
  ringIsUnmapped();
  io_uring_queue_exit(&ring);
}

std::string readSysctl() {
  std::ifstream file("/proc/sys/kernel/io_uring_disabled");
  std::string value;
  std::getline(file, value);
  return value;
}

// Of the three system calls, a policy may forbid one alone. A ring that is not enabled yet says so to whoever may enter
// it.
int tryToEnter(io_uring& ring) {
  const int result = io_uring_enter(static_cast<unsigned>(ring.ring_fd), 0, 0, 0, nullptr);
  return result == -EBADFD ? 0 : result;
}

// Multishot recvmsg cannot be probed for. It came with the same kernel release as SEND_ZC, which can. 0, or why the
// ring cannot be used.
int probe(io_uring& ring) {
  constexpr unsigned operations = 256;
  alignas(io_uring_probe) std::array<std::uint8_t, sizeof(io_uring_probe) + operations * sizeof(io_uring_probe_op)>
      memory{};
  auto* const found = new (memory.data()) io_uring_probe;
  if (const int result = io_uring_register_probe(&ring, found, operations); result < 0) return result;
  return io_uring_opcode_supported(found, IORING_OP_SEND_ZC) != 0 ? 0 : -EINVAL;
}

void prepareMultishot(io_uring_sqe& sqe, const Request& request) {
  io_uring_prep_recvmsg_multishot(&sqe, request.fd, static_cast<msghdr*>(request.data), 0);
  sqe.flags |= IOSQE_BUFFER_SELECT;
  sqe.buf_group = request.bufferGroup;
}

void prepareBuffered(io_uring_sqe& sqe, const Request& request) {
  io_uring_prep_recv(&sqe, request.fd, nullptr, request.length, 0);
  sqe.flags |= IOSQE_BUFFER_SELECT;
  sqe.buf_group = request.bufferGroup;
}

void prepare(io_uring_sqe& sqe, const Request& request) {
  switch (request.kind) {
    case Request::Kind::nothing:
      io_uring_prep_nop(&sqe);
      return;
    case Request::Kind::send:
      io_uring_prep_send(&sqe, request.fd, request.data, request.length, MSG_NOSIGNAL);
      return;
    case Request::Kind::sendMessage:
      io_uring_prep_sendmsg(&sqe, request.fd, static_cast<const msghdr*>(request.data), MSG_NOSIGNAL);
      return;
    case Request::Kind::receive:
      io_uring_prep_recv(&sqe, request.fd, request.data, request.length, 0);
      return;
    case Request::Kind::receiveMessage:
      io_uring_prep_recvmsg(&sqe, request.fd, static_cast<msghdr*>(request.data), 0);
      return;
    case Request::Kind::receiveBuffered:
      prepareBuffered(sqe, request);
      return;
    case Request::Kind::receiveDatagrams:
      prepareMultishot(sqe, request);
      return;
    case Request::Kind::accept:
      io_uring_prep_accept(&sqe, request.fd, static_cast<sockaddr*>(request.data), request.addressLength, SOCK_CLOEXEC);
      return;
    case Request::Kind::connect:
      io_uring_prep_connect(&sqe, request.fd, static_cast<const sockaddr*>(request.data), request.length);
      return;
    case Request::Kind::pollIn:
      io_uring_prep_poll_add(&sqe, request.fd, POLLIN);
      return;
  }
}

}  // namespace

IoUringEngine::IoUringEngine(const EngineOptions& options) : ring_(std::make_unique<io_uring>()) {
  int result = detail::setUpRing(*ring_, options, &setUpByKernel);
  if (result >= 0) {
    result = tryToEnter(*ring_);
    if (result >= 0) result = probe(*ring_);
    if (result >= 0) result = detail::restrictRing(*ring_);
    if (result < 0) endRing(*ring_);
  }
  if (result < 0) throw detail::explainUnavailable(-result, readSysctl(), detail::kernelRelease());
}

IoUringEngine::~IoUringEngine() {
  assert(parked_.empty() && cancelling_.empty());
  endRing(*ring_);
}

bool IoUringEngine::trySubmit(Operation& operation) noexcept {
  io_uring_sqe* sqe = io_uring_get_sqe(ring_.get());
  if (sqe == nullptr) return false;
  prepare(*sqe, requestOf(operation));
  io_uring_sqe_set_data(sqe, &operation);
  setState(operation, State::submitted);
  return true;
}

void IoUringEngine::submit(Operation& operation) noexcept {
  assert(!operation.inFlight());
  // After the parked ones, so that no operation is overtaken for ever.
  if (parked_.empty() && trySubmit(operation)) [[likely]]
    return;
  setState(operation, State::parked);
  parked_.pushBack(operation);
  ++parkedCount_;
}

bool IoUringEngine::tryCancel(Operation& operation) noexcept {
  io_uring_sqe* sqe = io_uring_get_sqe(ring_.get());
  if (sqe == nullptr) return false;
  io_uring_prep_cancel(sqe, &operation, 0);
  // The completion of the cancel request is ignored: the operation's own completion tells how it ended.
  io_uring_sqe_set_data64(sqe, 0);
  return true;
}

void IoUringEngine::cancel(Operation& operation) noexcept {
  if (stateOf(operation) == State::parked) {
    complete(operation, Completion{.result = -ECANCELED});
  } else if (stateOf(operation) == State::submitted && !operation.Runnable::isLinked() && !tryCancel(operation)) {
    cancelling_.pushBack(operation);
    ++parkedCount_;
  }
}

void IoUringEngine::drainParked() noexcept {
  auto roomLeft = [this] { return io_uring_sq_space_left(ring_.get()) > 0 || io_uring_submit(ring_.get()) > 0; };
  while (!parked_.empty() && roomLeft()) trySubmit(*parked_.popFront());
  while (!cancelling_.empty() && roomLeft()) tryCancel(*cancelling_.popFront());
}

void IoUringEngine::wait(std::optional<Duration> limit) {
  int result = 0;
  if (limit && limit->count() <= 0) {
    result = io_uring_submit_and_get_events(ring_.get());
  } else {
    __kernel_timespec timespec{};
    if (limit) {
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*limit);
      timespec.tv_sec = seconds.count();
      timespec.tv_nsec = std::chrono::duration_cast<std::chrono::nanoseconds>(*limit - seconds).count();
    }
    io_uring_cqe* first = nullptr;
    result = io_uring_submit_and_wait_timeout(ring_.get(), &first, 1, limit ? &timespec : nullptr, nullptr);
  }
  switch (result) {
    case -ETIME:
    case -EINTR:
    case -EAGAIN:
    case -EBUSY:
      return;
    case -EBADR:
      log::error("the kernel had no memory for completions and lost some");
      return;
    default:
      if (result < 0) throw std::system_error(-result, std::generic_category(), "io_uring_enter");
  }
}

std::size_t IoUringEngine::reap() noexcept {
  io_uring* const ring = ring_.get();
  if (io_uring_cq_has_overflow(ring)) ++overflowCount_;
  unsigned head = 0;
  unsigned count = 0;
  io_uring_cqe* cqe = nullptr;
  io_uring_for_each_cqe(ring, head, cqe) {
    ++count;
    auto* const operation = static_cast<Operation*>(io_uring_cqe_get_data(cqe));
    if (operation == nullptr) continue;
    Completion completion;
    completion.result = cqe->res;
    completion.more = (cqe->flags & IORING_CQE_F_MORE) != 0;
    completion.hasBuffer = (cqe->flags & IORING_CQE_F_BUFFER) != 0;
    completion.buffer = static_cast<std::uint16_t>(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
    complete(*operation, completion);
  }
  io_uring_cq_advance(ring, count);
  return count;
}

std::size_t IoUringEngine::carryOut(std::optional<Duration> limit) {
  if (!enabled_) enterThread();
  if (hasParked()) {
    drainParked();
    if (hasParked()) limit = Duration::zero();
  }
  wait(limit);
  return reap();
}

std::uint16_t IoUringEngine::addBuffers(std::span<OfferedBuffer> ring) {
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(ring.data());
  registration.ring_entries = static_cast<std::uint32_t>(ring.size());
  registration.bgid = nextBufferGroup_;
  if (const int result = io_uring_register_buf_ring(ring_.get(), &registration, 0); result < 0)
    throw detail::explainUnavailable(-result, {}, detail::kernelRelease());
  return nextBufferGroup_++;
}

void IoUringEngine::removeBuffers(std::uint16_t group) noexcept {
  // The kernel declines this on a thread other than the ring's, and then frees the group when the ring ends.
  io_uring_unregister_buf_ring(ring_.get(), group);
}

void IoUringEngine::tieToThread() noexcept {
  if (!enabled_) {
    // By the register call itself: liburing 2.3 declares io_uring_enable_rings but does not export it.
    const int result =
        io_uring_register(static_cast<unsigned>(ring_->ring_fd), IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
    assert(result == 0);
    enabled_ = result == 0;
  }
  // Spares the kernel a look-up for each call. Where the kernel declines, nothing else changes.
  io_uring_register_ring_fd(ring_.get());
}

void IoUringEngine::untieFromThread() noexcept {
  io_uring_unregister_ring_fd(ring_.get());
}

}  // namespace taut
