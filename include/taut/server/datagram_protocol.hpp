// One shard's service on one UDP socket: receive, answer concurrently, drain on stop.
#pragma once

#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/datagram.hpp"
#include "taut/net/udp_socket.hpp"
#include "taut/server/server_factory.hpp"

namespace taut {

class DatagramProtocol {
 public:
  // All outlive it. The buffers' payload holds the factory's largest reply.
  DatagramProtocol(Shard& shard, ServerFactory& factory, UdpSocket& socket, DatagramBuffers& buffers)
      : shard_(shard), factory_(factory), socket_(socket), buffers_(buffers) {}

  // Answers what arrives until `stop`; then finishes what had arrived. `abort` stops the queries in flight.
  Task<> serve(StopToken stop, StopToken abort);

 private:
  Task<> answer(Datagram datagram, StopToken abort);

  Shard& shard_;
  ServerFactory& factory_;
  UdpSocket& socket_;
  DatagramBuffers& buffers_;
};

}  // namespace taut
