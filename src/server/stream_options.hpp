// What all listeners of a server have in common over TCP.
#pragma once

#include "taut/net/tcp_listener.hpp"

namespace taut {

inline TcpOptions streamOptions() {
  constexpr int streamBuffer = 64 << 10;  // octets, each way: what a peer can leave in the kernel that does not read
  TcpOptions options;
  options.receiveBuffer = options.sendBuffer = streamBuffer;
  return options;
}

}  // namespace taut
