// Connected UDP sockets that are used again. To make one and to close it takes the kernel more than twice as long as to
// give one that is there another peer.
//
//   auto socket = pool.connect(peer);
//   …                                      // a question and its reply
//   pool.giveBack(std::move(*socket), peer);
//
// Nobody can tell such a socket from a new one (RFC 5452 section 4.5):
//
// - It loses its port with its peer, and gets one that the system draws at random with the next.
// - Without a port it hears nothing. What has arrived before, and was not read, ends it: it is closed.
// - It rests while others are used, longer than the kernel takes for a datagram that is on its way into it.
//
// Of one shard.
#pragma once

#include <array>
#include <cstddef>

#include "taut/base/address.hpp"
#include "taut/base/result.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/io/io_result.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/udp_socket.hpp"

namespace taut {

class UdpSocketPool {
 public:
  static constexpr std::size_t maxKept = 64;  // of one family of addresses
  static constexpr std::size_t resting = 8;   // of these, those that were given back last

  explicit UdpSocketPool(Shard& shard) noexcept : shard_(shard) {}
  UdpSocketPool(const UdpSocketPool&) = delete;
  UdpSocketPool& operator=(const UdpSocketPool&) = delete;

  // As UdpSocket::connect(). From an address that was chosen it is always a new one.
  Result<UdpSocket, IoResult> connect(const Address& peer, const Address& source = {});

  // A socket that was connected to the peer, without a source, and of which nothing is awaited.
  void giveBack(UdpSocket socket, const Address& peer) noexcept;

  // Keeps no more than so many.
  void trim(std::size_t count) noexcept {
    while (kept() > count) take(v4_.count > 0 ? v4_ : v6_);
  }
  std::size_t kept() const noexcept { return v4_.count + v6_.count; }

 private:
  struct Queue {
    std::array<UniqueFd, maxKept> sockets{};
    std::size_t first = 0;
    std::size_t count = 0;
  };

  static UniqueFd take(Queue& queue) noexcept;  // of those that it has the one that rested longest

  Shard& shard_;
  Queue v4_;
  Queue v6_;
};

}  // namespace taut
