// EpollEngine makes the calls of operations itself. It tries each call first, without waiting; an operation whose call
// would block is on a list of its descriptor until epoll tells that the descriptor may be ready, and is tried again.
//
// Descriptors are watched edge-triggered, so that one which is ready without an operation that wants it costs one event
// and not one in each turn. An edge comes after each call that would have blocked. The kernel forgets a descriptor that
// is closed, and its number may come back as another one: so a new operation that has to wait has it watched anew, and
// what the engine remembers of a number counts only while an operation on it is in flight.
#pragma once

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "taut/base/clock.hpp"
#include "taut/base/intrusive_list.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/io/buffer_ring.hpp"
#include "taut/io/engine.hpp"
#include "taut/io/operation.hpp"

namespace taut {

class EpollEngine final : public Engine {
 public:
  // Throws IoUnavailable.
  EpollEngine();
  ~EpollEngine() override;

  void submit(Operation& operation) noexcept override;
  void cancel(Operation& operation) noexcept override;
  std::uint16_t addBuffers(std::span<OfferedBuffer> ring) override;
  void removeBuffers(std::uint16_t group) noexcept override;

 private:
  static constexpr std::size_t batch = 32;       // datagrams of one call
  static constexpr std::size_t maxEvents = 256;  // of one call

  // The offered buffers of a BufferRing. This is the side that takes them.
  class Group {
   public:
    explicit Group(std::span<OfferedBuffer> ring) noexcept : ring_(ring) {}
    bool isRemoved() const noexcept { return ring_.empty(); }
    std::size_t available() const noexcept { return static_cast<std::uint16_t>(ring_.front().tail - head_); }
    const OfferedBuffer& at(std::size_t index) const noexcept { return ring_[(head_ + index) & (ring_.size() - 1)]; }
    std::uint16_t takeFirst() noexcept;

   private:
    std::span<OfferedBuffer> ring_;
    std::uint16_t head_ = 0;
  };

  // The operations that wait for a descriptor, and the events that it was last watched for.
  struct Descriptor {
    IntrusiveList<Operation> reading;
    IntrusiveList<Operation> writing;
    std::uint32_t events = 0;

    std::uint32_t wanted() const noexcept;
  };

  std::size_t carryOut(std::optional<Duration> limit) override;
  // Tries the operations on the list. Returns how many completions there were.
  std::size_t tryAll(IntrusiveList<Operation>& operations) noexcept;
  std::size_t tryOnce(Operation& operation) noexcept;
  std::size_t receiveDatagrams(Operation& operation) noexcept;
  std::size_t receiveBuffered(Operation& operation) noexcept;
  // Returns 1 where the operation cannot wait, which has completed it.
  std::size_t waitFor(Operation& operation) noexcept;
  int watch(int fd, Descriptor& descriptor) noexcept;
  // Stops watching a descriptor that no operation waits for.
  void forget(int fd) noexcept;
  std::size_t waitForEvents(std::optional<Duration> limit);
  int waitPrecisely(std::optional<Duration> limit) noexcept;
  int waitRoughly(std::optional<Duration> limit) noexcept;
  void collectReady(std::span<const epoll_event> events, IntrusiveList<Operation>& ready) noexcept;

  UniqueFd epoll_;
  bool isPrecise_ = true;             // until the kernel turns out to have no epoll_pwait2
  IntrusiveList<Operation> started_;  // that are to be tried
  std::vector<Descriptor> descriptors_;
  std::vector<Group> groups_;
  std::array<epoll_event, maxEvents> events_;
  std::array<iovec, batch> vectors_;
  std::array<mmsghdr, batch> messages_;
};

}  // namespace taut
