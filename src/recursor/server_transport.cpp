#include "taut/recursor/server_transport.hpp"

#include <utility>

namespace taut {

namespace {

// Whether a message of the server's came, whatever it is worth.
bool wasHeard(Exchange::Attempt::Kind kind) {
  using Kind = Exchange::Attempt::Kind;
  return kind != Kind::silent && kind != Kind::broken && kind != Kind::exhausted && kind != Kind::doubtful;
}

}  // namespace

Task<ServerReply> ExchangeTransport::ask(const UpstreamQuestion& question, const ExchangeServer& server,
                                         FetchBudget& budget, StopToken stop) {
  Exchange exchange(exchanges_, question, server);
  ServerReply reply(exchanges_.shard().now());
  reply.sent = reply.last.sent;
  for (;;) {
    Exchange::Attempt attempt = co_await exchange.next(stop);
    const Duration took = exchanges_.shard().now() - attempt.sent;
    const bool overUdp = attempt.transport == Transport::udp;
    if (overUdp && reply.roundTrip == Duration() && wasHeard(attempt.kind)) reply.roundTrip = took;
    reply.timedOut = reply.timedOut || (overUdp && attempt.timedOut);
    reply.doubtful = reply.doubtful || attempt.kind == Exchange::Attempt::Kind::doubtful;
    reply.last = std::move(attempt);
    if (!exchange.goesOn() || stop.stopRequested() || !budget.takeSend()) break;
  }
  reply.edns = exchange.edns();
  reply.cookie = exchange.cookie();
  co_return reply;
}

}  // namespace taut
