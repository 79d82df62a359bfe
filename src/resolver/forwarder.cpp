#include "taut/resolver/forwarder.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include "taut/base/log.hpp"
#include "taut/base/random.hpp"
#include "taut/coro/event.hpp"
#include "taut/io/deadline.hpp"
#include "taut/net/tcp_stream.hpp"
#include "taut/net/udp_socket.hpp"

namespace taut {

namespace {

constexpr std::uint16_t dnsPort = 53;

// Mismatched replies that one attempt reads before it goes over to TCP.
constexpr std::size_t maxMismatched = 16;

// The defaults of resolv.conf(5), for a file that gives only one of the two.
constexpr std::chrono::seconds defaultTimeout{5};
constexpr std::size_t defaultAttempts = 2;

using Timeouts = std::vector<std::chrono::milliseconds>;

Timeouts schedule(const ForwarderOptions& options, const ResolvConf* conf) {
  using namespace std::chrono_literals;
  if (!options.timeouts.empty()) return options.timeouts;
  if (conf && (conf->timeout || conf->attempts))
    return Timeouts(conf->attempts.value_or(defaultAttempts), conf->timeout.value_or(defaultTimeout));
  return {1s, 3s, 11s, 45s};
}

bool answersTheQuestion(Rcode rcode) {
  return rcode == Rcode::NOERROR || rcode == Rcode::NXDOMAIN || rcode == Rcode::YXDOMAIN;
}

// The RCODEs of a server without EDNS for a query with it (RFC 6891 section 7).
bool refusesEdns(Rcode rcode) {
  return rcode == Rcode::FORMERR || rcode == Rcode::NOTIMP || rcode == Rcode::BADVERS;
}

}  // namespace

// The servers to ask, and how long, as they were when a question was first asked.
struct Forwarder::Plan : LocalCounted {
  std::vector<Address> servers;
  Timeouts timeouts;
  bool rotate = false;
};

// One outstanding question, and then its answer, from which the answers of all its waiters borrow.
class Forwarder::OutstandingQuery final : public PinnedStorage {
 public:
  OutstandingQuery(Forwarder& owner, const UpstreamQuestion& asked, StopToken parent)
      : forwarder(owner), question(asked), stop(parent) {}

  Answer share() const {
    Answer copy(answer.rcode());
    copy.setAuthenticData(answer.authenticData());
    if (const ExtendedError* const error = answer.extendedError()) copy.setExtendedError(error->code, error->text);
    copy.pin(*this);
    for (std::size_t i = 0; i < answer.entryCount(); ++i) {
      const Answer::Entry& entry = answer.entry(i);
      if (entry.required)
        copy.addRRset(entry.section, entry.rrset);
      else
        copy.addAdditional(entry.rrset);
    }
    return copy;
  }

  Forwarder& forwarder;
  const UpstreamQuestion question;
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
    useTcp,    // truncated, or too much that was no reply
    noEdns,    // to be asked without EDNS
    stopped,
    exhausted,  // no descriptors or memory for a socket
  };

  Outcome(Kind what, Rcode code = Rcode::SERVFAIL) : kind(what), rcode(code) {}

  Kind kind;
  Rcode rcode;
};

namespace {

bool outOfResources(IoResult result) {
  return result.error() == EMFILE || result.error() == ENFILE || result.error() == ENOBUFS || result.error() == ENOMEM;
}

}  // namespace

std::size_t Forwarder::HashQuestion::operator()(const UpstreamQuestion& question) const {
  return detail::secretHash(secret, question, question.dnssecOk << 1 | question.checkingDisabled);
}

Forwarder::Forwarder(Shard& shard, ForwarderOptions options) : shard_(shard), options_(std::move(options)) {
  if (options_.servers.empty() && options_.resolvConf.empty())
    throw std::invalid_argument("forwarding: expected servers or a resolv.conf");
  if (!options_.resolvConf.empty()) file_.emplace(options_.resolvConf, shard.turnClock());
}

Forwarder::~Forwarder() = default;

const LocalRef<const Forwarder::Plan>& Forwarder::plan() {
  const ResolvConf* const conf = file_ ? &file_->get() : nullptr;
  const std::size_t version = file_ ? file_->version() : 0;
  if (plan_ && version == planVersion_) return plan_;
  const auto plan = makeLocalRef<Plan>();
  for (const Address& server : options_.servers)
    plan->servers.push_back(server.port() == 0 ? server.withPort(dnsPort) : server);
  if (conf) plan->servers.insert(plan->servers.end(), conf->servers.begin(), conf->servers.end());
  plan->timeouts = schedule(options_, conf);
  plan->rotate = options_.rotate || (conf && conf->rotate);
  plan_ = LocalRef<const Plan>(plan.get());
  planVersion_ = version;
  return plan_;
}

void Forwarder::reload() {
  if (file_) file_->reload();
}

const std::vector<Address>& Forwarder::servers() {
  return plan()->servers;
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

Task<std::optional<Answer>> Forwarder::resolve(const Query& query) {
  if (closed_ || !query.hasQuestion()) return Task<std::optional<Answer>>::ready(std::nullopt);
  if (auto refusal = refuse(query)) return Task<std::optional<Answer>>::ready(std::move(refusal));
  ++statistics_.questions;
  const UpstreamQuestion question{query.question(), query.dnssecOk(), query.checkingDisabled()};
  if (const auto found = outstanding_.find(question); found != outstanding_.end()) {
    ++statistics_.joined;
    return await(Waiter(*found->second), query);
  }
  if (scope_.size() >= options_.maxInFlight) {
    ++statistics_.overload;
    Answer overload = Answer::serverFailure();
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
  const bool done = co_await waiter.query().done.wait(query.stopToken());
  if (!done || closed_) co_return std::nullopt;
  co_return waiter.query().share();
}

// No further query joins this one. It may have been removed before, and another be outstanding for the same question.
void Forwarder::forget(OutstandingQuery& outstanding) {
  const auto found = outstanding_.find(outstanding.question);
  if (found != outstanding_.end() && found->second == &outstanding) outstanding_.erase(found);
}

Task<> Forwarder::close() {
  closed_ = true;
  scope_.stop();
  co_await scope_.join();
}

Task<> Forwarder::run(LocalRef<OutstandingQuery> outstanding) {
  const LocalRef<const Plan> asked = plan();
  Deadline deadline(shard_, options_.deadline, outstanding->stop.token());
  const Outcome outcome = co_await askAll(*outstanding, *asked, deadline.token());
  if (outcome.kind != Outcome::Kind::answered) {
    outstanding->answer = Answer(outcome.rcode);
    if (outcome.kind == Outcome::Kind::failed || deadline.expired())
      outstanding->answer.setExtendedError(ExtendedErrorCode::noReachableAuthority);
    ++statistics_.failures;
  }
  forget(*outstanding);
  outstanding->done.set();
}

Task<Forwarder::Outcome> Forwarder::askAll(OutstandingQuery& outstanding, const Plan& plan, StopToken stop) {
  using Kind = Outcome::Kind;
  const std::size_t count = plan.servers.size();
  const std::size_t first = plan.rotate ? nextServer_++ % count : 0;
  std::vector<bool> failed(count);
  std::size_t left = count;
  Rcode rcode = Rcode::SERVFAIL;
  for (const Duration timeout : plan.timeouts) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t server = (first + i) % count;
      if (failed[server]) continue;
      const Outcome outcome = co_await ask(outstanding, plan.servers[server], timeout, stop);
      if (outcome.kind == Kind::answered || outcome.kind == Kind::exhausted) co_return outcome;
      if (stop.stopRequested()) co_return Outcome(Kind::stopped, rcode);
      if (outcome.kind != Kind::failed) continue;
      rcode = outcome.rcode;
      failed[server] = true;
      if (--left == 0) co_return outcome;
    }
  }
  co_return Outcome(Kind::failed, rcode);
}

// Asks one server in one round: with EDNS, and without where the server does not know EDNS.
Task<Forwarder::Outcome> Forwarder::ask(OutstandingQuery& outstanding, Address server, Duration timeout,
                                        StopToken stop) {
  const Outcome outcome = co_await exchange(outstanding, server, timeout, true, stop);
  if (outcome.kind != Outcome::Kind::noEdns) co_return outcome;
  const Outcome plain = co_await exchange(outstanding, server, timeout, false, stop);
  co_return plain;
}

// Asks over UDP, and over TCP where the outcome requires it.
Task<Forwarder::Outcome> Forwarder::exchange(OutstandingQuery& outstanding, Address server, Duration timeout, bool edns,
                                             StopToken stop) {
  const Outcome outcome = co_await askUdp(outstanding, server, timeout, edns, stop);
  if (outcome.kind != Outcome::Kind::useTcp) co_return outcome;
  const Outcome overTcp = co_await askTcp(outstanding, server, edns, stop);
  co_return overTcp;
}

Task<Forwarder::Outcome> Forwarder::askUdp(OutstandingQuery& outstanding, Address server, Duration timeout, bool edns,
                                           StopToken stop) {
  using Kind = Outcome::Kind;
  auto socket = UdpSocket::connect(shard_, server);
  if (!socket) co_return Outcome(outOfResources(socket.error()) ? Kind::exhausted : Kind::silent);
  const std::uint16_t id = randomU16();
  std::array<std::uint8_t, 2048> buffer;  // a frame of this size is still a pooled one
  const std::size_t querySize =
      writeUpstreamQuery(outstanding.question, id, edns, options_.udpPayloadSize, MutableByteSpan(buffer));
  const ByteSpan query = ByteSpan(buffer).first(querySize);
  Deadline deadline(shard_, timeout, stop);
  ++statistics_.udpQueries;
  const IoResult sent = co_await socket->send(query, deadline.token());
  if (!sent) co_return Outcome(Kind::silent);
  for (std::size_t mismatched = 0;;) {
    const MutableByteSpan into(buffer);
    const IoResult received = co_await socket->receive(into, deadline.token());
    if (!received) {
      // Only mismatched replies came: the server mixes up its replies, or an attacker forges them.
      if (deadline.expired()) ++statistics_.timeouts;
      co_return Outcome(mismatched > 0 && deadline.expired() ? Kind::useTcp : Kind::silent);
    }
    UpstreamReply reply = readUpstreamReply(outstanding.question, id, ByteSpan(buffer).first(received.value()));
    if (reply.kind != UpstreamReply::Kind::mismatched) co_return classify(std::move(reply), outstanding, edns, false);
    ++statistics_.mismatched;
    if (++mismatched == maxMismatched) co_return Outcome(Kind::useTcp);
  }
}

Task<Forwarder::Outcome> Forwarder::askTcp(OutstandingQuery& outstanding, Address server, bool edns, StopToken stop) {
  using Kind = Outcome::Kind;
  const std::uint16_t id = randomU16();
  std::array<std::uint8_t, maxUpstreamQuerySize> buffer;
  const std::size_t querySize =
      writeUpstreamQuery(outstanding.question, id, edns, options_.udpPayloadSize, MutableByteSpan(buffer));
  const ByteSpan query = ByteSpan(buffer).first(querySize);
  Deadline deadline(shard_, options_.tcpTimeout, stop);
  ++statistics_.tcpQueries;
  const auto message = co_await exchangeTcp(server, query, deadline.token());
  if (deadline.expired()) ++statistics_.timeouts;
  // A server that refuses or breaks the connection will do the same in a moment: it has failed.
  if (!message) co_return Outcome(Kind::failed);
  UpstreamReply reply = readUpstreamReply(outstanding.question, id, *message);
  co_return classify(std::move(reply), outstanding, edns, true);
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
  std::vector<std::uint8_t> message(loadU16(length.data()));
  const MutableByteSpan intoMessage(message);
  const IoResult rest = co_await stream->readExactly(intoMessage, stop);
  if (rest.value() != message.size()) co_return std::nullopt;
  co_return message;
}

// Classifies a reply that matches its query; over TCP, any reply.
Forwarder::Outcome Forwarder::classify(UpstreamReply reply, OutstandingQuery& outstanding, bool edns, bool overTcp) {
  using Kind = Outcome::Kind;
  if (reply.kind == UpstreamReply::Kind::truncated && !overTcp) return Outcome(Kind::useTcp);
  if (reply.kind != UpstreamReply::Kind::complete) {
    ++statistics_.unusable;
    return Outcome(Kind::failed);
  }
  const Rcode rcode = reply.answer.rcode();
  if (edns && !reply.edns && refusesEdns(rcode)) return Outcome(Kind::noEdns);
  if (rcode == Rcode::BADVERS && edns) return Outcome(Kind::noEdns);
  // RCODEs beyond 15 speak of the exchange between two servers, not of the question.
  if (!answersTheQuestion(rcode)) return Outcome(Kind::failed, rcode > Rcode::DSOTYPENI ? Rcode::SERVFAIL : rcode);
  outstanding.answer = std::move(reply.answer);
  return Outcome(Kind::answered);
}

}  // namespace taut
