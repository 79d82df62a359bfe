// Datagram is one datagram that has arrived: a move-only lease of the buffer it arrived in. The reply is written over
// the query, in the same buffer, and sent from there to where the query came from, from the address that was asked.
// The buffer goes back to the kernel when the lease ends. The socket outlives the lease.
//
// DatagramBuffers is a shard's pool of these buffers. Nothing is allocated for a datagram.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "taut/base/address.hpp"
#include "taut/io/buffer_ring.hpp"
#include "taut/io/io_result.hpp"
#include "taut/io/operation.hpp"
#include "taut/io/shard.hpp"

namespace taut {

class DatagramBuffers;
class DatagramStream;

namespace detail {

class ReplyBatch;

// What belongs to one buffer: the state of its lease, and the operation that sends from it.
class DatagramSlot final : public Operation {
 public:
  DatagramSlot(Ring& ring, DatagramBuffers& buffers, std::uint16_t id, std::uint8_t* data) noexcept;
  DatagramSlot(const DatagramSlot&) = delete;

  // Reads the kernel's header. False where it is not one of ours, which the kernel does not do.
  bool open(ReplyBatch& socket, std::size_t received) noexcept;

  // Makes the first `size` bytes of the payload area the reply.
  void setReply(std::size_t size) noexcept;
  std::size_t replySize() const noexcept { return vector_.iov_len; }
  // From and to the same addresses.
  bool goesWhere(const DatagramSlot& other) const noexcept;
  // For ordering by where the reply goes: equal where that is equal, and seldom otherwise.
  std::uint64_t whereHash() const noexcept;

  // How many replies, this one among them, can leave in one send that this slot makes.
  std::size_t mostInRun() const noexcept;
  // Has the reply of another slot leave with this one's, as one send. All but the last are of this one's size.
  void append(DatagramSlot& other) noexcept;
  void send() noexcept;
  // Ends the lease when the reply has left, which may be in company.
  void sendAndRelease(std::size_t size) noexcept;

  std::uint8_t* payload() const noexcept;
  Address peer() const noexcept;
  Address local() const noexcept;

  DatagramBuffers& buffers;
  const std::uint16_t id;
  bool truncated = false;
  // Of the payload, in bytes.
  std::uint32_t length = 0;
  // Of the name and the control data that the kernel wrote.
  std::uint32_t nameLength = 0;
  std::uint32_t controlLength = 0;
  // Between arrival and open(): all that arrived, with its headers.
  std::uint32_t arrived = 0;
  ReplyBatch* batch = nullptr;
  IoResult sent;

 private:
  void complete(const Completion& completion) noexcept override;
  void completeRun() noexcept;
  std::uint8_t* control() const noexcept;
  iovec* runVectors() const noexcept;

  std::uint8_t* data_;
  // The replies that this slot sends with its own.
  DatagramSlot* others_ = nullptr;
  // Sent alone because the kernel would not cut what it was sent in.
  bool refusedInRun_ = false;
  iovec vector_{};
  msghdr message_{};
};

}  // namespace detail

class Datagram {
 public:
  Datagram(Datagram&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}
  Datagram& operator=(Datagram&& other) noexcept {
    if (this != &other) {
      release();
      slot_ = std::exchange(other.slot_, nullptr);
    }
    return *this;
  }
  ~Datagram() { release(); }

  // What arrived. It changes as buffer() is written.
  std::span<const std::uint8_t> payload() const noexcept { return {slot_->payload(), slot_->length}; }
  // More arrived than the buffer could hold.
  bool truncated() const noexcept { return slot_->truncated; }
  // The whole payload area, for the reply: DatagramBuffers::payloadSize() bytes that begin where payload() does.
  std::span<std::uint8_t> buffer() noexcept;
  // Who sent it.
  Address peer() const noexcept { return slot_->peer(); }
  // Which of our addresses it was sent to, without a port. Empty where the socket is bound to one address only: it is
  // that one.
  Address local() const noexcept { return slot_->local(); }

  class ReplyAwaiter {
   public:
    ReplyAwaiter(detail::DatagramSlot& slot, std::size_t length) noexcept : slot_(slot), length_(length) {}
    ReplyAwaiter(const ReplyAwaiter&) = delete;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) const noexcept {
      slot_.resumeWith(waiting);
      slot_.setReply(length_);
      slot_.send();
    }
    IoResult await_resume() const noexcept { return slot_.sent; }

   private:
    detail::DatagramSlot& slot_;
    std::size_t length_;
  };
  // Sends the first `length` bytes of buffer() to the peer; completes when they have left.
  ReplyAwaiter reply(std::size_t length) noexcept { return {*slot_, length}; }
  // The same without waiting: the lease passes to the socket and ends when the bytes have left. Replies of one turn of
  // the loop that go to one peer leave together, so their order may change. A failure is counted
  // (DatagramBuffers::counters) and otherwise of no interest to anybody. The cheapest way to answer.
  void replyAndRelease(std::size_t length) && noexcept { std::exchange(slot_, nullptr)->sendAndRelease(length); }

 private:
  friend DatagramStream;
  explicit Datagram(detail::DatagramSlot& slot) noexcept : slot_(&slot) {}
  void release() noexcept;

  detail::DatagramSlot* slot_;
};

// Counts since the start; read on the shard's thread.
struct DatagramCounters {
  std::uint64_t received = 0;
  std::uint64_t truncated = 0;
  std::uint64_t sendFailures = 0;
  // Sends that carried several replies.
  std::uint64_t runs = 0;
  // How often all buffers were in use when one was needed.
  std::uint64_t starved = 0;
};

class DatagramBuffers {
 public:
  // Before the payload in each buffer: the kernel's header, room for the peer's address, room for the address that was
  // asked (IP_PKTINFO or IPV6_PKTINFO) and for the size at which a send is to be cut (UDP_SEGMENT).
  static constexpr std::size_t nameOffset = 16;
  static constexpr std::size_t nameRoom = 32;
  static constexpr std::size_t controlOffset = nameOffset + nameRoom;
  static constexpr std::size_t controlRoom = 64;
  static constexpr std::size_t payloadOffset = controlOffset + controlRoom;

  // `count` is how many datagrams can be in work at a time (1 to 32768), `payloadSize` the largest query and the
  // largest reply in bytes. Must outlive the leases and the streams that use it.
  explicit DatagramBuffers(Shard& shard, std::size_t count = 1024, std::size_t payloadSize = 2048);

  std::size_t count() const noexcept { return ring_.count(); }
  std::size_t payloadSize() const noexcept { return payloadSize_; }
  // Datagrams that are in work.
  std::size_t leased() const noexcept { return ring_.leased(); }
  const DatagramCounters& counters() const noexcept { return counters_; }

 private:
  friend Datagram;
  friend DatagramStream;
  friend detail::DatagramSlot;

  detail::DatagramSlot& slot(std::uint16_t id) noexcept { return *slots_[id]; }
  void release(detail::DatagramSlot& slot) noexcept { ring_.giveBack(slot.id); }

  BufferRing ring_;
  std::size_t payloadSize_;
  std::unique_ptr<std::optional<detail::DatagramSlot>[]> slots_;
  DatagramCounters counters_;
};

inline std::span<std::uint8_t> Datagram::buffer() noexcept {
  return {slot_->payload(), slot_->buffers.payloadSize()};
}

inline void Datagram::release() noexcept {
  if (slot_ != nullptr) slot_->buffers.release(*slot_);
}

inline std::uint8_t* detail::DatagramSlot::payload() const noexcept {
  return data_ + DatagramBuffers::payloadOffset;
}

}  // namespace taut
