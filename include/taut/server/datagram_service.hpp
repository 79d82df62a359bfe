// One shard's service on one UDP socket: receive, answer concurrently, drain on stop.
//
// A query that has to wait keeps the buffer that it came in. The factory's `waitingQueries` allows fewer queries to
// wait than there are buffers, so that slow queries never take the buffers of quick ones.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "taut/base/address.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/datagram.hpp"
#include "taut/net/udp_socket.hpp"
#include "taut/server/queries_in_work.hpp"
#include "taut/server/server_factory.hpp"

namespace taut {

class DatagramService {
 public:
  // The arguments outlive the service. The buffers' payload holds the factory's largest reply. `listener` is the
  // address that the socket serves, as it was configured; empty for the socket's own.
  DatagramService(Shard& shard, ServerFactory& factory, UdpSocket& socket, DatagramBuffers& buffers,
                  const Address& listener = {})
      : shard_(shard),
        factory_(factory),
        socket_(socket),
        buffers_(buffers),
        local_(socket.localAddress()),
        listener_(listener.empty() ? local_ : listener),
        isWildcard_(local_.isWildcard()),
        requests_(factory.counters().requestsOf(Transport::udp, local_.isV6())),
        queries_(shard, factory) {}

  // Answers what arrives until `stop`; then finishes what had arrived. `abort` stops the queries in flight.
  Task<> serve(StopToken stop, StopToken abort);

 private:
  class Reply;

  std::unique_ptr<Reply> parse(Datagram datagram) const;
  std::unique_ptr<Reply> parseProxied(Datagram datagram, const Address& peer) const;
  std::unique_ptr<Reply> parse(Datagram datagram, const Address& client, ServerCounters::Types& requests) const;
  Address localAddressOf(const Datagram& datagram) const;
  void start(std::unique_ptr<Reply> reply);
  void prefetch(std::span<const std::unique_ptr<Reply>> arrived) const;

  Shard& shard_;
  ServerFactory& factory_;
  UdpSocket& socket_;
  DatagramBuffers& buffers_;
  const Address local_;
  const Address listener_;
  const bool isWildcard_;
  ServerCounters::Types& requests_;
  QueriesInWork queries_;
};

}  // namespace taut
