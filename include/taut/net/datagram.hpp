// Datagram is one datagram that has arrived: a move-only lease of the buffer that it arrived in. The reply is written
// over the query, in the same buffer. It is sent to the query's source, from the address that was asked. The buffer
// goes back to the kernel when the lease ends. The socket outlives the lease.
//
// DatagramBuffers is a shard's pool of these buffers. Nothing is allocated for a datagram.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "taut/base/address.hpp"
#include "taut/base/counter.hpp"
#include "taut/base/intrusive_list.hpp"
#include "taut/io/buffer_ring.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/receive_drops.hpp"

namespace taut {

class DatagramBuffers;
class DatagramStream;

namespace detail {

class ReplyBatch;

// What belongs to one buffer: the peer and the address that was asked, as the kernel wrote them, and the reply's size.
class DatagramSlot final : public ListHook<> {
 public:
  DatagramSlot(DatagramBuffers& buffers, std::uint16_t id, std::uint8_t* data) noexcept
      : buffers_(buffers), data_(data), id_(id) {}
  DatagramSlot(const DatagramSlot&) = delete;

  // The datagram has arrived: `received` octets, the kernel's header among them.
  void arrived(std::size_t received) noexcept { received_ = static_cast<std::uint32_t>(received); }
  // Reads the kernel's header. False where the header is not one of this buffer's shape; the kernel writes no such
  // header.
  bool open(ReplyBatch& batch) noexcept;

  std::uint16_t id() const noexcept { return id_; }
  DatagramBuffers& buffers() const noexcept { return buffers_; }
  bool truncated() const noexcept { return truncated_; }
  std::span<const std::uint8_t> payload() const noexcept;
  std::span<std::uint8_t> buffer() const noexcept;
  Address peer() const noexcept;
  Address local() const noexcept;

  // See Datagram.
  void dropFront(std::size_t size) noexcept;
  // Makes the first `size` octets of the payload area the reply, and hands the lease to the batch.
  void reply(std::size_t size) noexcept;

  // For the batch: the reply, its destination, and the control data that holds its source address.
  std::span<std::uint8_t> replyOctets() const noexcept;
  std::span<std::uint8_t> name() const noexcept;
  std::span<std::uint8_t> control() const noexcept;
  // Adds to the control data the size at which the kernel cuts a message into datagrams (UDP_SEGMENT). Only where
  // hasSegmentRoom().
  bool hasSegmentRoom() const noexcept;
  std::span<std::uint8_t> controlWithSegmentSize() const noexcept;
  // Whether both replies go from and to the same addresses.
  bool hasSamePath(const DatagramSlot& other) const noexcept;
  // For ordering by path: equal for equal paths, and seldom for others.
  std::uint64_t pathHash() const noexcept;

 private:
  DatagramBuffers& buffers_;
  std::uint8_t* data_;
  ReplyBatch* batch_ = nullptr;
  std::uint32_t received_ = 0;
  std::uint32_t length_ = 0;  // of the payload, and of the reply once that is written
  std::uint16_t id_;
  std::uint8_t nameLength_ = 0;
  std::uint8_t controlLength_ = 0;
  bool truncated_ = false;
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
  std::span<const std::uint8_t> payload() const noexcept { return slot_->payload(); }
  // Takes the first `size` octets of the payload away, at most all. What is left begins where the buffer does.
  void dropFront(std::size_t size) noexcept { slot_->dropFront(size); }
  // More arrived than the buffer could hold.
  bool truncated() const noexcept { return slot_->truncated(); }
  // The whole payload area, for the reply: DatagramBuffers::payloadSize() bytes that begin where payload() does.
  std::span<std::uint8_t> buffer() noexcept { return slot_->buffer(); }
  // The address that sent it.
  Address peer() const noexcept { return slot_->peer(); }
  // The address of ours that it was sent to, without a port. Empty where the socket is bound to one address: then it is
  // that address.
  Address local() const noexcept { return slot_->local(); }

  // Sends the first `length` bytes of buffer() to the peer, without waiting: the lease passes to the socket, and ends
  // when the loop next submits. The replies of one turn that go to one peer leave together, so their order may change.
  // A reply that the socket has no room for is dropped, and counted like one that cannot be sent
  // (DatagramBuffers::counters).
  void reply(std::size_t length) && noexcept { std::exchange(slot_, nullptr)->reply(length); }

 private:
  friend DatagramStream;
  explicit Datagram(detail::DatagramSlot& slot) noexcept : slot_(&slot) {}
  void release() noexcept;

  detail::DatagramSlot* slot_;
};

// Counts since the start, which any thread may read.
struct DatagramCounters {
  Counter received;
  Counter truncated;
  // Replies that were dropped because the socket had no room for them.
  Counter dropped;
  // Replies that the kernel refused to send.
  Counter sendFailures;
  // Messages that carried several replies.
  Counter runs;
  // How often all buffers were in use when one was needed.
  Counter starved;
};

class DatagramBuffers {
 public:
  // What stands before the payload in each buffer: the kernel's header, room for the peer's address, and room for
  // control data: the address that was asked (IP_PKTINFO or IPV6_PKTINFO) and the size at which a message is cut
  // (UDP_SEGMENT).
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
  // Of the sockets that receive into these buffers. May be called on any thread.
  std::uint64_t receiveDrops() const { return receiveDrops_.total(); }

 private:
  friend Datagram;
  friend DatagramStream;
  friend detail::DatagramSlot;
  friend detail::ReplyBatch;

  detail::DatagramSlot& slot(std::uint16_t id) noexcept { return *slots_[id]; }
  void release(detail::DatagramSlot& slot) noexcept { ring_.giveBack(slot.id()); }

  BufferRing ring_;
  std::size_t payloadSize_;
  std::unique_ptr<std::optional<detail::DatagramSlot>[]> slots_;
  DatagramCounters counters_;
  ReceiveDrops receiveDrops_;
};

inline void Datagram::release() noexcept {
  if (slot_ != nullptr) slot_->buffers().release(*slot_);
}

inline std::span<std::uint8_t> detail::DatagramSlot::buffer() const noexcept {
  return {data_ + DatagramBuffers::payloadOffset, buffers_.payloadSize()};
}

inline std::span<const std::uint8_t> detail::DatagramSlot::payload() const noexcept {
  return {data_ + DatagramBuffers::payloadOffset, length_};
}

inline std::span<std::uint8_t> detail::DatagramSlot::replyOctets() const noexcept {
  return {data_ + DatagramBuffers::payloadOffset, length_};
}

inline std::span<std::uint8_t> detail::DatagramSlot::name() const noexcept {
  return {data_ + DatagramBuffers::nameOffset, nameLength_};
}

inline std::span<std::uint8_t> detail::DatagramSlot::control() const noexcept {
  return {data_ + DatagramBuffers::controlOffset, controlLength_};
}

}  // namespace taut
