// Forwards questions to other servers that resolve, and returns their answers: a stub resolver (RFC 1035 section 7).
//
// - The server that is expected to answer soonest is asked first (ServerHistory); of those that differ by less than 20
//   ms, and of those that nothing is known about, the first of the list. When it does not answer within the first
//   timeout of the schedule the next one is asked, then all again for the second timeout, and so on: a server that was
//   silent before is the last, but never left out. All servers are taken to know the same names.
// - A server that is not asked first is measured again now and then: a question that another server is asked is sent to
//   it too, and only the time of its reply is used. Each question does this to one server at most. With `rotate`,
//   which spreads the questions, this concerns servers that are silent or lame.
// - A server that fails (SERVFAIL, REFUSED and the like, or an unusable reply) is not asked again for this question.
//   When all have failed, the last RCODE goes to the client; aliases without end are SERVFAIL. The reason goes along
//   (RFC 8914).
// - A server is asked by an Exchange: over UDP from a random port, over TCP where a reply is truncated or may be
//   forged, and without EDNS where the server does not understand it. TCP connections are kept and shared (TcpPool).
// - A question that is outstanding is not sent again: all queries that ask it get the one answer. It is asked with DO;
//   queries without DO get the answer without the records that only DO brings (RFC 4035 section 3.2.1). CD makes a
//   question of its own: with it the servers pass on what they have found to be bogus.
//
// - With `clientSubnet` the servers learn the network of a client that tells it (RFC 7871), cut to 24 bits, or 56 for
//   IPv6 (section 11.1); of other clients they learn nothing. The answer has the scope that they give it, and each
//   network is a question of its own. A reply about another network is ignored. A server that refuses such a question
//   is asked without the network. Off at first: it tells strangers who asks (section 11.3).
//
// A query without RD is not forwarded but REFUSED: the only data here is in a cache before the forwarder. Transfers and
// the other types that only the asked server itself can answer are not forwarded either. Answers are never
// authoritative, and AD is the asked server's.
//
// A task of `resolve` that is stopped, by the token that it inherits, gives no answer, so that none is cached; other
// queries that wait for the same answer are not affected. A question for which none waits any more is given up.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/counter.hpp"
#include "taut/base/local_ref.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/query.hpp"
#include "taut/dnstap/dnstap.hpp"
#include "taut/io/shard.hpp"
#include "taut/io/turn_limit.hpp"
#include "taut/resolver/exchange.hpp"
#include "taut/resolver/name_hash.hpp"
#include "taut/resolver/resolv_conf.hpp"
#include "taut/resolver/resolver.hpp"
#include "taut/resolver/resolver_statistics.hpp"
#include "taut/resolver/server_history.hpp"
#include "taut/resolver/upstream_message.hpp"

namespace taut {

struct ForwarderOptions {
  std::vector<Address> servers{};  // before those of the file; port 0 stands for 53
  std::string resolvConf{};        // path of a resolv.conf(5), followed as it changes; empty for none
  // How long each server has to answer in each round. Empty: by the file's options timeout and attempts, or else as
  // `defaultTimeouts` says.
  std::vector<std::chrono::milliseconds> timeouts{};
  std::vector<std::chrono::milliseconds> defaultTimeouts{std::chrono::seconds(1), std::chrono::seconds(3),
                                                         std::chrono::seconds(11), std::chrono::seconds(45)};
  bool rotate = false;                          // each question starts at the next server; also an option of the file
  std::chrono::milliseconds tcpTimeout{10000};  // for a whole exchange over TCP
  std::chrono::milliseconds deadline{120000};   // for a question, however many servers and rounds are left
  // Different questions at a time that queries wait for; further ones are SERVFAIL at once.
  std::size_t maxInFlight = 4096;
  bool clientSubnet = false;  // pass on the networks that clients tell
  // Tells of the questions that are sent and their replies; null for none. Of the forwarder's shard.
  std::shared_ptr<Dnstap> dnstap{};
  std::uint16_t udpPayloadSize = defaultUdpSize;  // offered to the servers with EDNS, 2048 at most
};

struct ForwarderCounters {
  Counter questions;
  Counter joined;
  Counter overload;
  Counter probes;
  Counter unusable;
  Counter failures;
};

class Forwarder final : public Resolver {
 public:
  // Throws std::invalid_argument where there are neither servers nor a file.
  Forwarder(Shard& shard, ForwarderOptions options);
  ~Forwarder() override;

  Task<std::optional<Answer>> resolve(const Query& query) override;

  // Gives up all outstanding queries; their waiters get nothing.
  Task<> close() override;

  // Reads the file at once. Otherwise a query causes a look, once a second at most.
  void reload();
  // Later questions are sent to these servers, before those of the file, whose path may be empty where there are
  // servers. What was measured of a server that stays is kept. Nothing has changed where it throws, as where memory
  // for another file is short.
  void setServers(std::vector<Address> servers, std::string resolvConf);
  // How long later questions may take, however many servers and rounds are left.
  void setDeadline(std::chrono::milliseconds deadline) { options_.deadline = deadline; }
  // How many different questions queries may wait for from now on.
  void setMaxInFlight(std::size_t count) { options_.maxInFlight = count; }
  // The servers that the next question can be sent to.
  std::vector<Address> servers();

  // The questions whose work has not ended, those among them that were given up.
  std::size_t inFlight() const { return scope_.size(); }
  // May be called on any thread.
  ForwarderStatistics statistics() const;
  void addTo(ResolverStatistics& statistics) const override;

 private:
  class OutstandingQuery;
  class Waiter;
  struct Server;
  struct Upstream;
  struct Plan;
  struct Outcome;

  struct HashQuestion {
    detail::HashSecret secret;
    std::size_t operator()(const UpstreamQuestion& question) const;
  };

  UpstreamQuestion questionOf(const Query& query) const;
  const LocalRef<Plan>& plan();
  void publishUpstreams();
  Task<std::optional<Answer>> await(Waiter waiter, const Query& query);
  void forget(OutstandingQuery& outstanding);

  Task<> run(LocalRef<OutstandingQuery> outstanding);
  std::vector<Server*> inOrder(Plan& plan);
  void probeOneOf(const std::vector<Server*>& servers, const LocalRef<Plan>& plan, const UpstreamQuestion& question);
  Task<> probe(LocalRef<OutstandingQuery> copy, LocalRef<Plan> plan, Server& server);
  Task<Outcome> askAll(OutstandingQuery& outstanding, const LocalRef<Plan>& plan, StopToken stop);
  Task<Outcome> ask(OutstandingQuery& outstanding, Server& server, Duration timeout, StopToken stop);
  Task<Outcome> exchange(OutstandingQuery& outstanding, Server& server, Duration timeout, StopToken stop);
  void note(const Exchange::Attempt& attempt, const Outcome& outcome, Server& server);
  Outcome read(const Exchange::Attempt& attempt, OutstandingQuery& outstanding, const Address& server);
  Outcome readReply(const Exchange::Attempt& attempt, OutstandingQuery& outstanding, const Address& server);

  Shard& shard_;
  ForwarderOptions options_;
  std::unique_ptr<ResolvConfFile> file_;  // null: none
  LocalRef<Plan> plan_;
  std::optional<std::size_t> planVersion_;  // of the file; nothing: the plan is out of date
  std::size_t nextServer_ = 0;
  std::unordered_map<UpstreamQuestion, OutstandingQuery*, HashQuestion> outstanding_;
  ForwarderCounters counters_;
  Exchanges exchanges_;
  mutable std::mutex upstreamsMutex_;
  std::vector<std::shared_ptr<const Upstream>> upstreams_;  // those of the plan, for other threads
  TurnLimit begins_;                                        // questions that go out for the first time
  TaskScope scope_;
  TaskScope probes_;
  bool closed_ = false;
};

}  // namespace taut
