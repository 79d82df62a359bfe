#include "taut/resolver/forwarder.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>

#include "taut/base/histogram.hpp"
#include "taut/base/log.hpp"
#include "taut/base/random.hpp"
#include "taut/coro/event.hpp"
#include "taut/io/deadline.hpp"
#include "taut/net/tcp_stream.hpp"
#include "taut/net/udp_socket.hpp"
#include "taut/resolver/dnssec_records.hpp"

namespace taut {

namespace {

constexpr std::uint16_t dnsPort = 53;

// Octets that a datagram is received into: a frame with a buffer of this size is still a pooled one.
constexpr std::size_t datagramBufferSize = 2048;

// Servers whose expected times differ by less count as equally good.
constexpr std::chrono::milliseconds sameTime{20};

// Mismatched replies that one attempt reads before it goes over to TCP. Each may be the guess of an attacker, and a
// server that is not under attack sends none.
constexpr std::size_t maxMismatched = 3;

// The defaults of resolv.conf(5), for a file that gives only one of the two.
constexpr std::chrono::seconds defaultTimeout{5};
constexpr std::size_t defaultAttempts = 2;

using Timeouts = std::vector<std::chrono::milliseconds>;

Timeouts schedule(const ForwarderOptions& options, const ResolvConf* conf) {
  if (!options.timeouts.empty()) return options.timeouts;
  if (conf && (conf->timeout || conf->attempts))
    return Timeouts(conf->attempts.value_or(defaultAttempts), conf->timeout.value_or(defaultTimeout));
  return options.defaultTimeouts;
}

bool answersTheQuestion(Rcode rcode) {
  return rcode == Rcode::NOERROR || rcode == Rcode::NXDOMAIN || rcode == Rcode::YXDOMAIN;
}

// The RCODEs of a server without EDNS for a query with it (RFC 6891 section 7).
bool refusesEdns(Rcode rcode) {
  return rcode == Rcode::FORMERR || rcode == Rcode::NOTIMP || rcode == Rcode::BADVERS;
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

// The outcome of an attempt.
struct Forwarder::Outcome {
  enum class Kind : std::uint8_t {
    answered,  // the outstanding query has its answer
    failed,    // the server cannot answer this question, as `rcode` says
    silent,    // no reply in time, or the server cannot be reached now
    truncated,
    doubtful,   // too much came that was no reply
    noEdns,     // to be asked without EDNS
    exhausted,  // no descriptors or memory for a socket
  };

  Outcome(Kind what, Rcode code = Rcode::SERVFAIL) : kind(what), rcode(code) {}

  Kind kind;
  Rcode rcode;
  bool replied = false;   // the RCODE is the server's own
  Address server{};       // whose it is
  bool endless = false;   // the server has an answer, but its aliases do not end
  bool timedOut = false;  // the query has left, and the time for its reply is over
};

// What dnstap tells of one question to a server.
class Forwarder::Tap {
 public:
  Tap(Forwarder& forwarder, const Address& server, Transport transport)
      : dnstap_(pick(forwarder.options_.dnstap.get())),
        server_(server),
        transport_(transport),
        asked_(forwarder.shard_.now()) {}

  void asked(ByteSpan query) { add(DnstapType::forwarderQuery, query); }
  void answered(ByteSpan reply) { add(DnstapType::forwarderResponse, reply); }

 private:
  static Dnstap* pick(Dnstap* dnstap) { return dnstap && dnstap->picksQuestion() ? dnstap : nullptr; }
  void add(DnstapType type, ByteSpan message) {
    const DnstapParties parties{transport_, {}, server_};
    if (dnstap_) dnstap_->add(type, parties, asked_, message);
  }

  Dnstap* dnstap_;  // null where it does not tell of this question
  const Address server_;
  Transport transport_;
  TimePoint asked_;
};

namespace {

// Reads a message of so many octets, or nothing where the stream ends before. Memory grows with the octets that have
// come: what a server only announces costs nothing.
Task<std::optional<std::vector<std::uint8_t>>> readMessage(TcpStream& stream, std::size_t size, StopToken stop) {
  constexpr std::size_t firstStep = 1024;
  std::vector<std::uint8_t> message;
  for (std::size_t read = 0; read < size;) {
    message.resize(std::min(size, std::max(firstStep, 2 * read)));
    const MutableByteSpan room = MutableByteSpan(message).subspan(read);
    const IoResult some = co_await stream.readSome(room, stop);
    if (some.value() == 0) co_return std::nullopt;
    read += some.value();
  }
  co_return message;
}

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

bool outOfResources(IoResult result) {
  return result.error() == EMFILE || result.error() == ENFILE || result.error() == ENOBUFS || result.error() == ENOMEM;
}

}  // namespace

std::size_t Forwarder::HashQuestion::operator()(const UpstreamQuestion& question) const {
  const std::uint64_t hash = detail::secretHash(secret, question, question.checkingDisabled);
  return question.clientSubnet ? detail::foldedProduct(hash, hashOf(secret, *question.clientSubnet)) : hash;
}

Forwarder::Forwarder(Shard& shard, ForwarderOptions options)
    : shard_(shard), options_(std::move(options)), begins_(shard, maxBegunInTurn) {
  if (options_.servers.empty() && options_.resolvConf.empty())
    throw std::invalid_argument("forwarding: expected servers or a resolv.conf");
  options_.udpPayloadSize = std::min<std::uint16_t>(options_.udpPayloadSize, datagramBufferSize);
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
  statistics.udpQueries = counters_.udpQueries;
  statistics.tcpQueries = counters_.tcpQueries;
  statistics.timeouts = counters_.timeouts;
  statistics.mismatched = counters_.mismatched;
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

// The answer to a query that is not to be forwarded.
std::optional<Answer> Forwarder::refuse(const Query& query) {
  if (query.rrClass() != Class::IN || !query.recursionDesired()) return Answer::refused();
  switch (query.type()) {
    case Type::ANY:
      return std::nullopt;
    case Type::AXFR:
    case Type::IXFR:
      return Answer::refused();
    case Type::MAILA:
    case Type::MAILB:
      return Answer::notImplemented();
    default:
      if (isMetaType(query.type()) || query.type() == Type{}) return Answer::formatError();
      return std::nullopt;
  }
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
  if (auto refusal = refuse(query)) {
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
    return Task<std::optional<Answer>>::ready(std::move(overload));
  }
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

// Asks one server in one round: with EDNS, and without where the server does not know EDNS; with the network of the
// client, and without where the server refuses that (RFC 7871 section 7.3), from then on of all servers.
Task<Forwarder::Outcome> Forwarder::ask(OutstandingQuery& outstanding, Server& server, Duration timeout,
                                        StopToken stop) {
  Outcome outcome = co_await exchange(outstanding, server, timeout, true, stop);
  if (outcome.replied && outcome.rcode == Rcode::REFUSED && outstanding.sent.clientSubnet) {
    outstanding.sent.clientSubnet.reset();
    const Outcome again = co_await exchange(outstanding, server, timeout, true, stop);
    outcome = again;
  }
  if (outcome.kind != Outcome::Kind::noEdns) co_return outcome;
  const Outcome plain = co_await exchange(outstanding, server, timeout, false, stop);
  co_return plain;
}

// Asks over UDP, and over TCP where the outcome requires it.
Task<Forwarder::Outcome> Forwarder::exchange(OutstandingQuery& outstanding, Server& server, Duration timeout, bool edns,
                                             StopToken stop) {
  const TimePoint sent = shard_.now();
  ++server.upstream->requests;
  const Outcome outcome = co_await askUdp(outstanding, server.address, timeout, edns, stop);
  if (!stop.stopRequested()) note(outcome, sent, server);
  if (outcome.kind != Outcome::Kind::truncated && outcome.kind != Outcome::Kind::doubtful) co_return outcome;
  const TimePoint sentAgain = shard_.now();
  ++server.upstream->requests;
  const Outcome overTcp = co_await askTcp(outstanding, server.address, edns, stop);
  if (overTcp.kind == Outcome::Kind::answered) server.upstream->durations.add(shard_.now() - sentAgain);
  co_return overTcp;
}

// Notes what came of an attempt over UDP.
void Forwarder::note(const Outcome& outcome, TimePoint sent, Server& server) {
  const TimePoint now = shard_.now();
  switch (outcome.kind) {
    case Outcome::Kind::answered:
    case Outcome::Kind::truncated:
      server.history.answered(sent, now);
      server.upstream->durations.add(now - sent);
      break;
    case Outcome::Kind::failed:
    case Outcome::Kind::noEdns:
      server.history.heard(now);
      server.upstream->durations.add(now - sent);
      break;
    case Outcome::Kind::silent:
      server.history.silent(sent, now);
      if (outcome.timedOut) ++server.upstream->timeouts;
      break;
    case Outcome::Kind::doubtful:
    case Outcome::Kind::exhausted:
      return;
  }
  server.update();
}

Task<Forwarder::Outcome> Forwarder::askUdp(OutstandingQuery& outstanding, Address server, Duration timeout, bool edns,
                                           StopToken stop) {
  using Kind = Outcome::Kind;
  auto socket = UdpSocket::connect(shard_, server);
  if (!socket) co_return Outcome(outOfResources(socket.error()) ? Kind::exhausted : Kind::silent);
  const std::uint16_t id = randomU16();
  std::array<std::uint8_t, datagramBufferSize> buffer;
  const std::size_t querySize =
      writeUpstreamQuery(outstanding.sent, id, edns, options_.udpPayloadSize, MutableByteSpan(buffer));
  const ByteSpan query = ByteSpan(buffer).first(querySize);
  Deadline deadline(shard_, timeout, stop);
  ++counters_.udpQueries;
  Tap tap(*this, server, Transport::udp);
  tap.asked(query);
  const IoResult sent = co_await socket->send(query, deadline.token());
  if (!sent) co_return Outcome(Kind::silent);
  for (std::size_t mismatched = 0;;) {
    const MutableByteSpan into(buffer);
    const IoResult received = co_await socket->receive(into, deadline.token());
    if (!received) {
      // Only mismatched replies came: the server mixes up its replies, or an attacker forges them.
      Outcome nothing(mismatched > 0 && deadline.expired() ? Kind::doubtful : Kind::silent);
      nothing.timedOut = deadline.expired();
      if (nothing.timedOut) ++counters_.timeouts;
      co_return nothing;
    }
    const ByteSpan message = ByteSpan(buffer).first(received.value());
    UpstreamReply reply = readUpstreamReply(outstanding.sent, id, message);
    if (reply.kind != UpstreamReply::Kind::mismatched) tap.answered(message);
    // The kernel has cut a datagram that fills the buffer, unless all of its records are there.
    if (reply.kind == UpstreamReply::Kind::unusable && received.value() == buffer.size())
      co_return Outcome(Kind::truncated);
    if (reply.kind != UpstreamReply::Kind::mismatched)
      co_return classify(std::move(reply), outstanding, server, edns, false);
    ++counters_.mismatched;
    if (++mismatched == maxMismatched) co_return Outcome(Kind::doubtful);
  }
}

Task<Forwarder::Outcome> Forwarder::askTcp(OutstandingQuery& outstanding, Address server, bool edns, StopToken stop) {
  using Kind = Outcome::Kind;
  const std::uint16_t id = randomU16();
  std::array<std::uint8_t, maxUpstreamQuerySize> buffer;
  const std::size_t querySize =
      writeUpstreamQuery(outstanding.sent, id, edns, options_.udpPayloadSize, MutableByteSpan(buffer));
  const ByteSpan query = ByteSpan(buffer).first(querySize);
  Deadline deadline(shard_, options_.tcpTimeout, stop);
  ++counters_.tcpQueries;
  Tap tap(*this, server, Transport::tcp);
  tap.asked(query);
  const auto message = co_await exchangeTcp(server, query, deadline.token());
  if (deadline.expired()) ++counters_.timeouts;
  // A server that refuses or breaks the connection will do the same in a moment: it has failed.
  if (!message) co_return Outcome(Kind::failed);
  tap.answered(*message);
  UpstreamReply reply = readUpstreamReply(outstanding.sent, id, *message);
  co_return classify(std::move(reply), outstanding, server, edns, true);
}

// Sends one query on a connection of its own; gives the reply's message, or nothing.
Task<std::optional<std::vector<std::uint8_t>>> Forwarder::exchangeTcp(Address server, ByteSpan query, StopToken stop) {
  auto stream = co_await TcpStream::connect(shard_, server, stop);
  if (!stream) co_return std::nullopt;
  std::array<std::uint8_t, 2> length;
  storeU16(length.data(), static_cast<std::uint16_t>(query.size()));
  const ByteSpan head(length);
  const IoResult sent = co_await stream->writeAll(head, query, stop);
  if (!sent) co_return std::nullopt;
  const MutableByteSpan intoLength(length);
  const IoResult first = co_await stream->readExactly(intoLength, stop);
  if (first.value() != length.size()) co_return std::nullopt;
  auto message = co_await readMessage(*stream, loadU16(length.data()), stop);
  co_return message;
}

// Classifies a reply that matches its query; over TCP, any reply.
Forwarder::Outcome Forwarder::classify(UpstreamReply reply, OutstandingQuery& outstanding, const Address& server,
                                       bool edns, bool overTcp) {
  using Kind = Outcome::Kind;
  if (reply.kind == UpstreamReply::Kind::truncated && !overTcp) return Outcome(Kind::truncated);
  if (reply.kind != UpstreamReply::Kind::complete) {
    ++counters_.unusable;
    Outcome failure(Kind::failed);
    failure.endless = reply.kind == UpstreamReply::Kind::endless;
    return failure;
  }
  const Rcode rcode = reply.answer.rcode();
  if (edns && !reply.edns && refusesEdns(rcode)) return Outcome(Kind::noEdns);
  if (rcode == Rcode::BADVERS && edns) return Outcome(Kind::noEdns);
  // RCODEs beyond 15 speak of the exchange between two servers, not of the question.
  if (!answersTheQuestion(rcode)) {
    Outcome failure(Kind::failed, rcode > Rcode::DSOTYPENI ? Rcode::SERVFAIL : rcode);
    failure.replied = true;
    failure.server = server;
    return failure;
  }
  outstanding.answer = std::move(reply.answer);
  outstanding.answer.setSource(AnswerSource::forwarder(server));
  return Outcome(Kind::answered);
}

}  // namespace taut
