// The sockets that a shard listens on, before they are served, and those that it is to close.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/net/tcp_listener.hpp"
#include "taut/net/udp_socket.hpp"
#include "taut/net/unix_listener.hpp"

namespace taut {

struct StreamService;

// Each socket with the address that it was opened for.
struct ListeningSockets {
  std::vector<std::pair<Address, UdpSocket>> datagrams;
  std::vector<std::pair<Address, TcpListener>> streams;
  // Of each address that has a UDP socket because a wildcard is listened on: the wildcard.
  std::vector<std::pair<Address, Address>> wildcards;
};

// That of a service. It outlives the socket.
struct ServiceSocket {
  const StreamService& service;
  TcpListener socket;
  std::shared_ptr<UnixListener> file;  // of all shards, removed with the last socket; null over TCP
};

// The addresses whose sockets are to be closed. A shard gives an address up when its socket is closed.
struct ClosingSockets {
  std::vector<std::shared_ptr<const Address>> datagrams;
  std::vector<std::shared_ptr<const Address>> streams;
};

}  // namespace taut
