// How a server is asked: by exchanges over the network, or in a test by servers that live in memory.
#pragma once

#include "taut/base/clock.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/dns/edns.hpp"
#include "taut/recursor/budget.hpp"
#include "taut/resolver/exchange.hpp"
#include "taut/resolver/upstream_query.hpp"

namespace taut {

// What came of asking one server one question.
struct ServerReply {
  explicit ServerReply(TimePoint now) : last(Transport::udp, now) {}

  Exchange::Attempt last;  // `replied` with the message, or why there is none
  TimePoint sent{};        // when the first attempt began
  Duration roundTrip{};    // of the first reply over UDP, of whatever kind; 0 where none came
  bool timedOut = false;   // an attempt over UDP had no reply in time
  bool doubtful = false;   // somebody may forge replies of the server
  bool edns = true;        // whether the server understands it
  Cookie cookie{};         // for the next question to it
};

class ServerTransport {
 public:
  virtual ~ServerTransport() = default;

  // Asks in as many attempts as that takes, each after the first of which takes a send of the budget. All that is
  // referred to outlives the task. A stop ends it as silence does.
  virtual Task<ServerReply> ask(const UpstreamQuestion& question, const ExchangeServer& server, FetchBudget& budget,
                                StopToken stop) = 0;

  // Gives up what it keeps. Nothing is being asked.
  virtual Task<> close() { return Task<>::ready(); }
};

// Over UDP and TCP.
class ExchangeTransport final : public ServerTransport {
 public:
  ExchangeTransport(Shard& shard, const ExchangeOptions& options) : exchanges_(shard, options) {}

  Task<ServerReply> ask(const UpstreamQuestion& question, const ExchangeServer& server, FetchBudget& budget,
                        StopToken stop) override;
  Task<> close() override { return exchanges_.close(); }

 private:
  Exchanges exchanges_;
};

}  // namespace taut
