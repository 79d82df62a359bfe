// The replies that a socket sends in one turn of the loop. They are kept until the ring goes to submit, which nothing
// waits for, and are then put in order: what goes to one peer stands together, the longest first. Each run of one size,
// and one that is shorter, leaves as one send that the kernel cuts into datagrams (UDP_SEGMENT, udp(7)), because a way
// through the kernel costs far more than an answer does. A reply that is alone leaves as it is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "taut/io/ring.hpp"
#include "taut/net/datagram.hpp"

namespace taut::detail {

class ReplyBatch final : public BeforeSubmit {
 public:
  ReplyBatch(Ring& ring, int fd) noexcept : ring_(ring), fd_(fd) {}
  ReplyBatch(const ReplyBatch&) = delete;
  ~ReplyBatch();

  int fd() const noexcept { return fd_; }
  // The slot has its reply. Its lease ends when that has left.
  void add(DatagramSlot& slot) noexcept;
  // From now on every reply leaves alone: kernel or device cannot cut what this socket sends.
  void stopRuns() noexcept { runs_ = false; }

 private:
  // The key puts equal peers together, and the longest reply of each first.
  struct Entry {
    std::uint64_t key;
    DatagramSlot* slot;
  };

  void beforeSubmit() noexcept override;
  static std::size_t runLength(std::span<const Entry> entries) noexcept;

  Ring& ring_;
  int fd_;
  bool runs_ = true;
  std::size_t count_ = 0;
  std::array<Entry, 256> entries_;
};

}  // namespace taut::detail
