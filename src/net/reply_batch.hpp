// The replies that a socket sends in one turn of the loop. They are gathered until the engine goes on, and leave by one
// sendmmsg: a reply never waits, and its buffer is free when the call returns. Replies to one peer stand together, the
// longest first. Each run of equal sizes, and one shorter reply after it, leaves as one message that the kernel cuts
// into datagrams (UDP_SEGMENT, udp(7)), because a message costs far more on its way through the kernel than an answer
// does.
//
// Where the socket has no room, the rest of the turn's replies is dropped and counted: a client that lost its reply
// asks again, and one slow link never keeps a shard from receiving.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "taut/io/engine.hpp"
#include "taut/net/datagram.hpp"

namespace taut::detail {

class ReplyBatch final : public BeforeSubmit {
 public:
  ReplyBatch(Engine& engine, int fd) noexcept : engine_(engine), fd_(fd) {}
  ReplyBatch(const ReplyBatch&) = delete;
  ~ReplyBatch();

  int fd() const noexcept { return fd_; }
  // Adds the reply in `slot`. The slot's lease ends with the turn.
  void add(DatagramSlot& slot) noexcept;
  // Sends what was gathered.
  void flush() noexcept;

 private:
  static constexpr std::size_t capacity = 256;

  // The key puts equal paths together, and the longest reply of each first.
  struct Entry {
    std::uint64_t key;
    DatagramSlot* slot;
  };
  using Entries = std::span<const Entry>;

  void beforeSubmit() noexcept override { flush(); }
  std::size_t runLength(Entries entries) const noexcept;
  // Makes the next message of the batch out of the entries at the front of `rest`, and returns how many it took.
  std::size_t addMessage(Entries rest) noexcept;
  void sendMessages(Entries entries) noexcept;
  bool sendAlone(const DatagramSlot& slot) noexcept;
  // Sends again, or counts, the replies of a message that the kernel refused.
  void messageFailed(Entries run, int error) noexcept;
  DatagramCounters& counters(Entries entries) const noexcept;

  Engine& engine_;
  int fd_;
  bool runs_ = true;  // until the kernel or the device turns out not to cut what this socket sends
  std::size_t count_ = 0;
  std::size_t messageCount_ = 0;
  std::array<Entry, capacity> entries_;
  std::array<iovec, capacity> vectors_;
  std::array<mmsghdr, capacity> messages_;
};

}  // namespace taut::detail
