// The beginning of a connection from a balancer: the header that says for which client it is.
#pragma once

#include <chrono>

#include "taut/base/address.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/net/tcp_stream.hpp"
#include "taut/server/connection_place.hpp"
#include "taut/server/server_factory.hpp"
#include "taut/server/stream_connection.hpp"

namespace taut {

// The place is one of the balancer, until the client is known.
class ProxiedStart final : public ConnectionPlace {
 public:
  static constexpr std::chrono::milliseconds patience = usualStreamLimits.idle;

  // Both outlive it.
  ProxiedStart(ServerFactory& factory, TcpStream& stream) : factory_(factory), stream_(stream) {}

  // Reads the header, and nothing after it, and makes its client the peer of the stream. False where the connection is
  // to end: what came is no header, which is counted, or nothing came.
  Task<bool> learnClient(StopToken stop);
  // The address that the client spoke to, once it is known; empty where the balancer speaks for itself.
  const Address& destination() const { return destination_; }

  bool hasQueryInFlight() const override { return false; }
  void close() override { stream_.shutdown(); }

 private:
  ServerFactory& factory_;
  TcpStream& stream_;
  Address destination_;
};

}  // namespace taut
