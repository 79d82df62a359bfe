// What the sockets of this layer have in common: making, binding and naming them.
#pragma once

#include <string_view>

#include "taut/base/address.hpp"
#include "taut/base/unique_fd.hpp"

namespace taut::detail {

struct BindOptions {
  std::string_view protocol;  // for the text of errors
  int type = 0;               // SOCK_DGRAM or SOCK_STREAM
  bool reusePort = false;
  bool mustBeFree = false;
  bool mayBeAbsent = false;
  int receiveBuffer = 0;  // bytes; 0 leaves them to the system. What a listener has, its connections get.
  int sendBuffer = 0;
};

// Of UdpOptions or TcpOptions.
template <typename Options>
BindOptions bindOptionsOf(const Options& options, std::string_view protocol, int type) {
  return {protocol,          type, options.reusePort, options.mustBeFree, options.mayBeAbsent, options.receiveBuffer,
          options.sendBuffer};
}

// A bound socket, not yet listening. Throws std::system_error.
UniqueFd bindSocket(const Address& address, const BindOptions& options);

// A socket that is to be connected to a peer of this family, from the source where there is one. Empty, with the reason
// in errno, where that cannot be.
UniqueFd openSocket(int family, int type, const Address& source) noexcept;

// Gives a UDP socket this peer. False, with the reason in errno, where that cannot be.
bool connectSocket(int fd, const Address& peer) noexcept;

// Makes a bound socket that was opened elsewhere like one of `bindSocket`.
void adoptSocket(int fd, const BindOptions& options) noexcept;

[[noreturn]] void throwListenError(int error, const Address& address, std::string_view protocol);

void setOption(int fd, int level, int name, int value) noexcept;
Address localAddressOf(int fd) noexcept;

}  // namespace taut::detail
