// UdpSocket is a UDP socket of one shard. A bound one receives queries as a stream of datagrams and answers them. A
// connected one asks one server and hears only that server.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "taut/base/address.hpp"
#include "taut/base/intrusive_list.hpp"
#include "taut/base/result.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/io/buffer_ring.hpp"
#include "taut/io/io_result.hpp"
#include "taut/io/operation.hpp"
#include "taut/io/shard.hpp"
#include "taut/io/timer.hpp"
#include "taut/net/datagram.hpp"
#include "taut/net/receive_drops.hpp"

namespace taut {

struct UdpOptions {
  // Several sockets, one for each shard, share the address and the kernel spreads the clients over them.
  bool reusePort = true;
  // Fail where another socket has the address already, shards of ours included. For the first shard: with reusePort
  // alone a second server of the same user would go unnoticed.
  bool mustBeFree = false;
  // Bind also to an address that no interface has yet. The socket hears of it from when an interface has it on.
  bool mayBeAbsent = false;
  // Bytes that the kernel keeps of what was not read or sent yet. 0 leaves the system's default. The system's limits
  // (net.core.rmem_max, net.core.wmem_max) apply.
  int receiveBuffer = 0;
  int sendBuffer = 0;
};

// The datagrams that arrive at a socket:
//
//   auto datagrams = socket.receiveMany(buffers, stop);
//   while (auto datagram = co_await datagrams.next()) …
//
// When all buffers are in use it waits for one to come back; the kernel keeps what arrives meanwhile. It has to be read
// until next() gives nothing, which it does after the token was stopped and what had arrived was handed out.
class DatagramStream final : private Operation, private Timer {
 public:
  DatagramStream(Shard& shard, detail::ReplyBatch& replies, DatagramBuffers& buffers, StopToken stop) noexcept;
  DatagramStream(const DatagramStream&) = delete;
  ~DatagramStream();

  class [[nodiscard]] NextAwaiter {
   public:
    explicit NextAwaiter(DatagramStream& stream) noexcept : stream_(stream) {}
    NextAwaiter(const NextAwaiter&) = delete;
    bool await_ready() const noexcept { return stream_.hasNext(); }
    void await_suspend(std::coroutine_handle<> waiting) const noexcept { stream_.reader_.resumeWith(waiting); }
    std::optional<Datagram> await_resume() const noexcept { return stream_.take(); }

   private:
    DatagramStream& stream_;
  };
  NextAwaiter next() noexcept { return NextAwaiter(*this); }

  // A datagram that has arrived already; nothing where next() would wait or give nothing.
  std::optional<Datagram> tryNext() noexcept { return take(); }

 private:
  // The coroutine that takes the datagrams is resumed while the operation goes on.
  class Reader final : public Runnable {};

  bool hasNext() noexcept;
  std::optional<Datagram> take() noexcept;
  void arm() noexcept;
  void disarmed(int result) noexcept;
  void retryLater(int error) noexcept;
  void end() noexcept;
  void resumeReader() noexcept;

  void complete(const Completion& completion) noexcept override;
  void stopRequested() noexcept override;
  static void onRetry(Timer& timer) noexcept;

  Shard& shard_;
  detail::ReplyBatch& replies_;
  DatagramBuffers& buffers_;
  StopToken stop_;
  msghdr shape_{};
  Reader reader_;
  IntrusiveList<detail::DatagramSlot> arrived_;
  bool started_ = false;
  bool stopping_ = false;
  bool ended_ = false;
  bool complained_ = false;
  const ReceiveDrops::Socket counted_;
};

class UdpSocket {
 public:
  // Listens on an address; port 0 lets the system choose (localAddress() tells). An IPv6 wildcard takes IPv6 only.
  // Throws std::system_error with the address in its text.
  static UdpSocket bind(Shard& shard, const Address& address, const UdpOptions& options = {});
  // A bound socket that was opened elsewhere. `mustBeFree` and `mayBeAbsent` do not matter to it.
  static UdpSocket adopt(Shard& shard, UniqueFd fd, const UdpOptions& options = {});
  UdpSocket(UdpSocket&&) noexcept;
  UdpSocket& operator=(UdpSocket&&) noexcept;
  ~UdpSocket();

  // A socket with a port of its own, chosen at random by the system, that talks to `peer` alone; from the address of
  // `source` where that is not empty.
  static Result<UdpSocket, IoResult> connect(Shard& shard, const Address& peer, const Address& source = {});

  Address localAddress() const noexcept;
  // For a bound socket that shares its port: what comes from now on goes to the others, and what has come can still be
  // read and answered. The kernel gives nothing new to a socket that is connected, and this one is, to itself. Nothing
  // happens where the kernel does not allow that.
  void leaveOthers() noexcept;

  // For a bound socket. One stream at a time; the socket outlives the stream and its datagrams.
  DatagramStream receiveMany(DatagramBuffers& buffers, StopToken stop) noexcept {
    return DatagramStream(*shard_, *replies_, buffers, stop);
  }

  class [[nodiscard]] TransferAwaiter final : public SingleOperation {
   public:
    TransferAwaiter(Engine& engine, Request::Kind kind, int fd, void* data, std::size_t length,
                    StopToken stop) noexcept;
  };
  // One datagram to the connected peer. The bytes stay in place until it completes.
  TransferAwaiter send(std::span<const std::uint8_t> payload, StopToken stop = {}) noexcept;
  // One datagram from the connected peer: its length, cut to the buffer's. What an ICMP message reported
  // (ECONNREFUSED) comes as an error.
  TransferAwaiter receive(std::span<std::uint8_t> buffer, StopToken stop = {}) noexcept;

  struct ReceivedDatagram {
    IoResult size;
    // It came in fragments: the ports and the ID vouch for the first one alone.
    bool inFragments = false;
  };
  class [[nodiscard]] ReceiveAwaiter final : public SingleOperation {
   public:
    ReceiveAwaiter(Engine& engine, int fd, std::span<std::uint8_t> buffer, StopToken stop) noexcept;
    ReceivedDatagram await_resume() noexcept;

   private:
    iovec vector_{};
    msghdr message_{};
    alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(int))> control_;
  };
  // The same, with how it came.
  ReceiveAwaiter receiveDatagram(std::span<std::uint8_t> buffer, StopToken stop = {}) noexcept;

  class [[nodiscard]] SendToAwaiter final : public SingleOperation {
   public:
    SendToAwaiter(Engine& engine, int fd, std::span<const std::uint8_t> payload, const Address& peer,
                  StopToken stop) noexcept;

   private:
    sockaddr_storage name_{};
    iovec vector_{};
    msghdr message_{};
  };
  // One datagram from a bound socket to any address.
  SendToAwaiter sendTo(std::span<const std::uint8_t> payload, const Address& peer, StopToken stop = {}) noexcept;

  // Sends the replies that the datagrams of this turn were given, without waiting for the loop to submit. For a bound
  // socket.
  void flushReplies() noexcept;

  int fd() const noexcept { return fd_.get(); }

 private:
  friend class UdpSocketPool;

  UdpSocket(Shard& shard, UniqueFd fd) noexcept;
  static UdpSocket withReplies(Shard& shard, UniqueFd fd);

  Shard* shard_;
  UniqueFd fd_;
  // Null in a connected socket.
  std::unique_ptr<detail::ReplyBatch> replies_;
};

}  // namespace taut
