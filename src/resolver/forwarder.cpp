#include "taut/resolver/forwarder.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>

#include "taut/base/address.hpp"
#include "taut/base/histogram.hpp"
#include "taut/base/log.hpp"
#include "taut/coro/event.hpp"
#include "taut/io/deadline.hpp"
#include "taut/resolver/dnssec_records.hpp"
#include "taut/resolver/recursion_refusal.hpp"

namespace taut {

namespace {

// Servers whose expected times differ by less count as equally good.
constexpr std::chrono::milliseconds sameTime{20};

// The defaults of resolv.conf(5), for a file that gives only one of the two.
constexpr std::chrono::seconds defaultTimeout{5};
constexpr std::size_t defaultAttempts = 2;

using Timeouts = std::vector<std::chrono::milliseconds>;

ExchangeOptions exchangeOptions(const ForwarderOptions& options) {
  ExchangeOptions exchange;
  exchange.udpPayloadSize = options.udpPayloadSize;
  exchange.tcpTimeout = options.tcpTimeout;
  exchange.dnstap = options.dnstap;
  return exchange;
}

Timeouts schedule(const ForwarderOptions& options, const ResolvConf* conf) {
  if (!options.timeouts.empty()) return options.timeouts;
  if (conf && (conf->timeout || conf->attempts))
    return Timeouts(conf->attempts.value_or(defaultAttempts), conf->timeout.value_or(defaultTimeout));
  return options.defaultTimeouts;
}

bool answersTheQuestion(Rcode rcode) {
  return rcode == Rcode::NOERROR || rcode == Rcode::NXDOMAIN || rcode == Rcode::YXDOMAIN;
}

}  // namespace

// What is counted of one server, read by other threads too.
struct Forwarder::Upstream {
  explicit Upstream(const Address& server) : address(server) {}

  const Address address;
  Counter requests;
  Counter timeouts;
  Counter impaired;  // 1 while it is silent or lame
  DurationCounters durations;
};

struct Forwarder::Server {
  explicit Server(const Address& server) : address(server), upstream(std::make_shared<Upstream>(server)) {}

  void failed(TimePoint now) {
    history.failed(now);
    update();
  }
  void update() const { upstream->impaired.set(history.impaired() ? 1 : 0); }

  Address address;
  ServerHistory history;
  std::shared_ptr<Upstream> upstream;
};

// The servers to ask, and how long, as they were when a question was first asked. The list does not change.
struct Forwarder::Plan : LocalCounted {
  void add(const Address& address, const Plan* before) {
    const auto same = [&](const Server& server) { return server.address == address; };
    if (before)
      if (const auto found = std::ranges::find_if(before->servers, same); found != before->servers.end()) {
        servers.push_back(*found);
        return;
      }
    servers.emplace_back(address);
  }

  std::vector<Server> servers;
  Timeouts timeouts;
  bool rotate = false;
};

// One outstanding question, and then its answer, from which the answers of all its waiters borrow.
class Forwarder::OutstandingQuery final : public PinnedStorage {
 public:
  OutstandingQuery(Forwarder& owner, const UpstreamQuestion& asked, StopToken parent)
      : forwarder(owner), question(asked), stop(parent) {}

  Answer share(const Query& query) const {
    Answer copy(answer.rcode());
    copy.setAuthenticData(answer.authenticData());
    copy.setTransient(answer.transient());
    copy.setSource(answer.source());
    if (const auto scope = answer.clientSubnetScope()) copy.setClientSubnetScope(*scope);
    if (const ExtendedError* const error = answer.extendedError()) copy.setExtendedError(error->code, error->text);
    copy.pin(*this);
    for (std::size_t i = 0; i < answer.entryCount(); ++i) {
      const Answer::Entry& entry = answer.entry(i);
      if (!query.dnssecOk() && needsDnssecOk(entry, query.type())) continue;
      if (entry.required)
        copy.borrowRRset(entry.section, entry.rrset);
      else
        copy.borrowAdditional(entry.rrset);
    }
    return copy;
  }

  Forwarder& forwarder;
  const UpstreamQuestion question;
  UpstreamQuestion sent = question;  // what the servers are asked
  Answer answer = Answer::serverFailure();
  Event done;
  StopSource stop;
  std::size_t waiters = 0;
};

// One query that waits for the answer. When the last waiter goes before the answer comes, the question is given up.
class Forwarder::Waiter {
 public:
  explicit Waiter(OutstandingQuery& outstanding) : query_(&outstanding) { ++outstanding.waiters; }
  Waiter(Waiter&& other) noexcept = default;
  Waiter& operator=(Waiter&&) = delete;
  ~Waiter() {
    if (!query_ || --query_->waiters > 0 || query_->done.isSet()) return;
    query_->forwarder.forget(*query_);
    query_->stop.requestStop();
  }

  OutstandingQuery& query() const { return *query_; }

 private:
  LocalRef<OutstandingQuery> query_;
};

// The outcome of asking one server.
struct Forwarder::Outcome {
  enum class Kind : std::uint8_t {
    answered,   // the outstanding query has its answer
    failed,     // the server cannot answer this question, as `rcode` says
    silent,     // no reply in time, or the server cannot be reached now
    exhausted,  // no descriptors or memory for a socket
  };

  Outcome(Kind what, Rcode code = Rcode::SERVFAIL) : kind(what), rcode(code) {}

  Kind kind;
  Rcode rcode;
  bool replied = false;  // the RCODE is the server's own
  Address server{};      // whose it is
  bool endless = false;  // the server has an answer, but its aliases do not end
};

namespace {

// A question to a server costs a socket, where an answer from a zone or a cache costs none. With this bound a flood of
// names that are in no cache does not keep the shard from its other clients.
constexpr std::size_t maxBegunInTurn = 8;

// Of bits and address; never 0, which would take the rest of a key away.
std::uint64_t hashOf(const detail::HashSecret& secret, const ClientSubnet& subnet) {
  std::array<std::uint64_t, 2> words{};
  const ByteSpan octets = subnet.network.bytes();
  if (!octets.empty()) std::memcpy(words.data(), octets.data(), octets.size());
  return detail::foldedProduct(words[0] ^ secret.first, words[1] ^ secret.second ^ subnet.sourcePrefix) | 1;
}

}  // namespace

std::size_t Forwarder::HashQuestion::operator()(const UpstreamQuestion& question) const {
  const std::uint64_t hash = detail::secretHash(secret, question, question.checkingDisabled);
  return question.clientSubnet ? detail::foldedProduct(hash, hashOf(secret, *question.clientSubnet)) : hash;
}

Forwarder::Forwarder(Shard& shard, ForwarderOptions options)
    : shard_(shard),
      options_(std::move(options)),
      exchanges_(shard, exchangeOptions(options_)),
      begins_(shard, maxBegunInTurn) {
  if (options_.servers.empty() && options_.resolvConf.empty())
    throw std::invalid_argument("forwarding: expected servers or a resolv.conf");
  if (!options_.resolvConf.empty()) file_ = std::make_unique<ResolvConfFile>(options_.resolvConf, shard.turnClock());
}

Forwarder::~Forwarder() = default;

const LocalRef<Forwarder::Plan>& Forwarder::plan() {
  const ResolvConf* const conf = file_ ? &file_->get() : nullptr;
  const std::size_t version = file_ ? file_->version() : 0;
  if (plan_ && version == planVersion_) return plan_;
  auto plan = makeLocalRef<Plan>();
  for (const Address& server : options_.servers)
    plan->add(server.port() == 0 ? server.withPort(dnsPort) : server, plan_.get());
  if (conf)
    for (const Address& server : conf->servers) plan->add(server, plan_.get());
  plan->timeouts = schedule(options_, conf);
  plan->rotate = options_.rotate || (conf && conf->rotate);
  plan_ = std::move(plan);
  planVersion_ = version;
  publishUpstreams();
  return plan_;
}

void Forwarder::publishUpstreams() {
  std::vector<std::shared_ptr<const Upstream>> upstreams;
  for (const Server& server : plan_->servers) upstreams.push_back(server.upstream);
  const std::scoped_lock lock(upstreamsMutex_);
  upstreams_ = std::move(upstreams);
}

void Forwarder::addTo(ResolverStatistics& statistics) const {
  statistics.forwarding += this->statistics();
  const std::scoped_lock lock(upstreamsMutex_);
  for (const auto& upstream : upstreams_) {
    UpstreamStatistics& of = statistics.upstream(upstream->address);
    of.requests += upstream->requests;
    of.timeouts += upstream->timeouts;
    of.durations += upstream->durations.value();
    ++of.shards;
    of.impairedShards += upstream->impaired;
  }
}

ForwarderStatistics Forwarder::statistics() const {
  ForwarderStatistics statistics;
  statistics.questions = counters_.questions;
  statistics.joined = counters_.joined;
  statistics.overload = counters_.overload;
  statistics.probes = counters_.probes;
  const ExchangeCounters& exchanged = exchanges_.counters();
  statistics.udpQueries = exchanged.udpQueries;
  statistics.tcpQueries = exchanged.tcpQueries;
  statistics.timeouts = exchanged.timeouts;
  statistics.mismatched = exchanged.mismatched;
  statistics.unusable = counters_.unusable;
  statistics.failures = counters_.failures;
  return statistics;
}

void Forwarder::setServers(std::vector<Address> servers, std::string resolvConf) {
  if (servers.empty() && resolvConf.empty())
    throw std::invalid_argument("forwarding: expected servers or a resolv.conf");
  // Reading another file may fail, and comes first.
  if (resolvConf != options_.resolvConf) {
    std::unique_ptr<ResolvConfFile> other;
    if (!resolvConf.empty()) other = std::make_unique<ResolvConfFile>(resolvConf, shard_.turnClock());
    file_ = std::move(other);
  }
  options_.servers = std::move(servers);
  options_.resolvConf = std::move(resolvConf);
  planVersion_.reset();
}

void Forwarder::reload() {
  if (file_) file_->reload();
}

std::vector<Address> Forwarder::servers() {
  std::vector<Address> addresses;
  for (const Server& server : plan()->servers) addresses.push_back(server.address);
  return addresses;
}

UpstreamQuestion Forwarder::questionOf(const Query& query) const {
  constexpr std::uint8_t maxBitsV4 = 24;
  constexpr std::uint8_t maxBitsV6 = 56;
  UpstreamQuestion question{query.question(), query.checkingDisabled()};
  if (options_.clientSubnet && query.edns() && query.edns()->clientSubnet) {
    const ClientSubnet& told = *query.edns()->clientSubnet;
    question.clientSubnet = told.cutTo(told.network.isV6() ? maxBitsV6 : maxBitsV4);
  }
  return question;
}

Task<std::optional<Answer>> Forwarder::resolve(const Query& query) {
  if (closed_ || !query.hasQuestion()) return Task<std::optional<Answer>>::ready(std::nullopt);
  if (auto refusal = recursionRefusal(query)) {
    refusal->setSource(AnswerSource::Kind::server);
    return Task<std::optional<Answer>>::ready(std::move(refusal));
  }
  ++counters_.questions;
  const UpstreamQuestion question = questionOf(query);
  if (const auto found = outstanding_.find(question); found != outstanding_.end()) {
    ++counters_.joined;
    return await(Waiter(*found->second), query);
  }
  // One that was given up has its socket until its operations have been cancelled, and takes no place meanwhile.
  if (outstanding_.size() >= options_.maxInFlight) {
    ++counters_.overload;
    Answer overload = Answer::serverFailure();
    overload.setSource(AnswerSource::Kind::forwarder);
    overload.setTransient(true);
    overload.setExtendedError(ExtendedErrorCode::other, "too many questions are under way");
    return Task<std::optional<Answer>>::ready(std::move(overload));
  }
  // Sockets and connections that are not used take no descriptor from a question.
  const std::size_t left = options_.maxInFlight - outstanding_.size() - 1;
  exchanges_.connections().trimIdle(left);
  exchanges_.sockets().trim(left - std::min(left, exchanges_.connections().idle()));
  const auto outstanding = makeLocalRef<OutstandingQuery>(*this, question, scope_.token());
  Waiter waiter(*outstanding);
  outstanding_.emplace(question, outstanding.get());
  scope_.spawn(run(outstanding));
  return await(std::move(waiter), query);
}

Task<std::optional<Answer>> Forwarder::await(Waiter waiter, const Query& query) {
  const bool done = co_await waiter.query().done.wait();
  if (!done || closed_) co_return std::nullopt;
  co_return waiter.query().share(query);
}

// No further query joins this one. It may have been removed before, and another be outstanding for the same question.
void Forwarder::forget(OutstandingQuery& outstanding) {
  const auto found = outstanding_.find(outstanding.question);
  if (found != outstanding_.end() && found->second == &outstanding) outstanding_.erase(found);
}

Task<> Forwarder::close() {
  closed_ = true;
  scope_.stop();
  probes_.stop();
  co_await scope_.join();
  co_await probes_.join();
  co_await exchanges_.close();
}

Task<> Forwarder::run(LocalRef<OutstandingQuery> outstanding) {
  const bool begins = co_await begins_.next(outstanding->stop.token());
  if (!begins) {
    forget(*outstanding);
    outstanding->done.set();
    co_return;
  }
  Outcome outcome(Outcome::Kind::exhausted);
  try {
    const LocalRef<Plan> asked = plan();
    Deadline deadline(shard_, options_.deadline, outstanding->stop.token());
    const Outcome reached = co_await askAll(*outstanding, asked, deadline.token());
    outcome = reached;
  } catch (const std::bad_alloc&) {
    // The queries that wait get their answer all the same.
  }
  if (outcome.kind != Outcome::Kind::answered) {
    outstanding->answer = Answer(outcome.rcode);
    outstanding->answer.setSource(AnswerSource::forwarder(outcome.server));
    outstanding->answer.setTransient(outcome.kind == Outcome::Kind::exhausted);
    if (outcome.endless)
      outstanding->answer.setExtendedError(ExtendedErrorCode::other, "aliases without end");
    else if (outcome.replied && outcome.rcode == Rcode::SERVFAIL)
      outstanding->answer.setExtendedError(ExtendedErrorCode::other, "SERVFAIL from upstream");
    else if (outcome.kind == Outcome::Kind::failed)
      outstanding->answer.setExtendedError(ExtendedErrorCode::noReachableAuthority);
    ++counters_.failures;
  }
  forget(*outstanding);
  outstanding->done.set();
}

// The servers in the order in which a question tries them.
std::vector<Forwarder::Server*> Forwarder::inOrder(Plan& plan) {
  std::vector<Server*> servers;
  for (Server& server : plan.servers) servers.push_back(&server);
  if (servers.size() < 2) return servers;
  if (plan.rotate) {
    std::ranges::rotate(servers, servers.begin() + static_cast<std::ptrdiff_t>(nextServer_++ % servers.size()));
    std::ranges::stable_partition(servers, [](const Server* server) { return !server->history.impaired(); });
    return servers;
  }
  const auto expected = [](const Server* server) { return server->history.expected(); };
  const Duration asGood = expected(*std::ranges::min_element(servers, {}, expected)) + sameTime;
  std::ranges::stable_sort(servers, {}, [&](const Server* server) {
    return std::pair(server->history.lame(), std::max(expected(server), asGood));
  });
  return servers;
}

// Sends the question also to one of the servers that are not asked first, where one is to be measured.
void Forwarder::probeOneOf(const std::vector<Server*>& servers, const LocalRef<Plan>& plan,
                           const UpstreamQuestion& question) {
  const TimePoint now = shard_.now();
  // While the first server is unknown, it is the one that is being measured.
  if (!servers.front()->history.known()) return;
  const auto due = std::find_if(servers.begin() + 1, servers.end(), [&](const Server* server) {
    return server->history.probeDue(now) && (!plan->rotate || server->history.impaired());
  });
  if (due == servers.end()) return;
  (*due)->history.probed(now);
  ++counters_.probes;
  const auto copy = makeLocalRef<OutstandingQuery>(*this, question, probes_.token());
  probes_.spawn(probe(copy, plan, **due));
}

// The server is one of the plan's.
Task<> Forwarder::probe(LocalRef<OutstandingQuery> copy, LocalRef<Plan> plan, Server& server) {
  const Outcome outcome = co_await ask(*copy, server, plan->timeouts.front(), copy->stop.token());
  if (outcome.kind == Outcome::Kind::failed && server.history.lame()) server.failed(shard_.now());
}

Task<Forwarder::Outcome> Forwarder::askAll(OutstandingQuery& outstanding, const LocalRef<Plan>& plan, StopToken stop) {
  using Kind = Outcome::Kind;
  const std::vector<Server*> servers = inOrder(*plan);
  probeOneOf(servers, plan, outstanding.question);
  std::vector<Server*> failed;
  Outcome last(Kind::failed);
  for (const Duration timeout : plan->timeouts) {
    for (Server* const server : servers) {
      if (std::ranges::find(failed, server) != failed.end()) continue;
      const Outcome outcome = co_await ask(outstanding, *server, timeout, stop);
      if (outcome.kind == Kind::answered)
        for (Server* const other : failed) other->failed(shard_.now());
      if (outcome.kind == Kind::answered || outcome.kind == Kind::exhausted) co_return outcome;
      if (stop.stopRequested()) co_return last;
      if (outcome.kind != Kind::failed) continue;
      if (!last.endless) last = outcome;
      failed.push_back(server);
      if (failed.size() == servers.size()) co_return last;
    }
  }
  co_return last;
}

// Asks one server in one round: with the network of the client, and without where the server refuses that (RFC 7871
// section 7.3), from then on of all servers.
Task<Forwarder::Outcome> Forwarder::ask(OutstandingQuery& outstanding, Server& server, Duration timeout,
                                        StopToken stop) {
  Outcome outcome = co_await exchange(outstanding, server, timeout, stop);
  if (!outcome.replied || outcome.rcode != Rcode::REFUSED || !outstanding.sent.clientSubnet) co_return outcome;
  outstanding.sent.clientSubnet.reset();
  const Outcome again = co_await exchange(outstanding, server, timeout, stop);
  co_return again;
}

Task<Forwarder::Outcome> Forwarder::exchange(OutstandingQuery& outstanding, Server& server, Duration timeout,
                                             StopToken stop) {
  const ExchangeServer asked{server.address, timeout};
  Exchange exchange(exchanges_, outstanding.sent, asked);
  for (;;) {
    ++server.upstream->requests;
    const Exchange::Attempt attempt = co_await exchange.next(stop);
    const Outcome outcome = read(attempt, outstanding, server.address);
    if (!stop.stopRequested()) note(attempt, outcome, server);
    if (!exchange.goesOn()) co_return outcome;
  }
}

// Notes what came of an attempt. The times of those over TCP, which has round trips of its own, are only counted.
void Forwarder::note(const Exchange::Attempt& attempt, const Outcome& outcome, Server& server) {
  using Kind = Exchange::Attempt::Kind;
  const TimePoint now = shard_.now();
  const bool answered = outcome.kind == Outcome::Kind::answered;
  if (attempt.transport == Transport::tcp) {
    if (answered) server.upstream->durations.add(now - attempt.sent);
    return;
  }
  switch (attempt.kind) {
    case Kind::silent:
    case Kind::broken:
      server.history.silent(attempt.sent, now);
      if (attempt.timedOut) ++server.upstream->timeouts;
      break;
    case Kind::doubtful:
    case Kind::exhausted:
      return;
    default:
      if (answered || attempt.kind == Kind::truncated)
        server.history.answered(attempt.sent, now);
      else
        server.history.heard(now);
      server.upstream->durations.add(now - attempt.sent);
      break;
  }
  server.update();
}

// What the attempt is worth, if it is the last one.
Forwarder::Outcome Forwarder::read(const Exchange::Attempt& attempt, OutstandingQuery& outstanding,
                                   const Address& server) {
  using Kind = Outcome::Kind;
  switch (attempt.kind) {
    case Exchange::Attempt::Kind::replied:
      return readReply(attempt, outstanding, server);
    case Exchange::Attempt::Kind::silent:
      return Kind::silent;
    case Exchange::Attempt::Kind::exhausted:
      return Kind::exhausted;
    case Exchange::Attempt::Kind::malformed:
      ++counters_.unusable;
      return Kind::failed;
    default:
      // A server that refuses or breaks the connection will do the same in a moment: it has failed.
      return Kind::failed;
  }
}

Forwarder::Outcome Forwarder::readReply(const Exchange::Attempt& attempt, OutstandingQuery& outstanding,
                                        const Address& server) {
  UpstreamReply reply = readUpstreamReply(outstanding.sent, attempt.head, attempt.message);
  if (reply.kind != UpstreamReply::Kind::complete) {
    ++counters_.unusable;
    Outcome failure(Outcome::Kind::failed);
    failure.endless = reply.kind == UpstreamReply::Kind::endless;
    return failure;
  }
  // RCODEs beyond 15 speak of the exchange between two servers, not of the question.
  const Rcode rcode = reply.answer.rcode();
  if (!answersTheQuestion(rcode)) {
    Outcome failure(Outcome::Kind::failed, rcode > Rcode::DSOTYPENI ? Rcode::SERVFAIL : rcode);
    failure.replied = true;
    failure.server = server;
    return failure;
  }
  outstanding.answer = std::move(reply.answer);
  outstanding.answer.setSource(AnswerSource::forwarder(server));
  return Outcome::Kind::answered;
}

}  // namespace taut
