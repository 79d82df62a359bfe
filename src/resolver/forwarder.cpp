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

// Datagrams with a wrong ID or question that one attempt reads before it goes over to TCP.
constexpr std::size_t maxForeign = 16;

// Of resolv.conf(5), for a file that gives only one of the two.
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

// What a server without EDNS says to a query with it (RFC 6891 section 7).
bool refusesEdns(Rcode rcode) {
  return rcode == Rcode::FORMERR || rcode == Rcode::NOTIMP || rcode == Rcode::BADVERS;
}

}  // namespace

// Whom to ask and how long, as it was when a question was first asked.
struct Forwarder::Plan : LocalCounted {
  std::vector<Address> servers;
  Timeouts timeouts;
  bool rotate = false;
};

// One question in flight, and then its answer, which the answers of all who asked borrow from.
class Forwarder::Flight final : public PinnedStorage {
 public:
  Flight(Forwarder& owner, const UpstreamQuestion& asked, StopToken parent)
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
  std::size_t interested = 0;
};

// One query's wish for a flight's answer. When the last is gone before the answer is there, the flight is given up.
class Forwarder::Interest {
 public:
  explicit Interest(Flight& flight) : flight_(&flight) { ++flight.interested; }
  Interest(Interest&& other) noexcept = default;
  Interest& operator=(Interest&&) = delete;
  ~Interest() {
    if (!flight_ || --flight_->interested > 0 || flight_->done.isSet()) return;
    flight_->forwarder.forget(*flight_);
    flight_->stop.requestStop();
  }

  Flight& flight() const { return *flight_; }

 private:
  LocalRef<Flight> flight_;
};

// What came of asking.
struct Forwarder::Outcome {
  enum class Kind : std::uint8_t {
    answered,  // the flight has its answer
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
  if (const auto found = flights_.find(question); found != flights_.end()) {
    ++statistics_.joined;
    return await(Interest(*found->second), query);
  }
  if (scope_.size() >= options_.maxInFlight) {
    ++statistics_.overload;
    Answer overload = Answer::serverFailure();
    overload.setTransient(true);
    return Task<std::optional<Answer>>::ready(std::move(overload));
  }
  const auto flight = makeLocalRef<Flight>(*this, question, scope_.token());
  Interest interest(*flight);
  flights_.emplace(question, flight.get());
  scope_.spawn(run(flight));
  return await(std::move(interest), query);
}

Task<std::optional<Answer>> Forwarder::await(Interest interest, const Query& query) {
  const bool done = co_await interest.flight().done.wait(query.stopToken());
  if (!done || closed_) co_return std::nullopt;
  co_return interest.flight().share();
}

// Nobody joins the flight any more. It may have been forgotten before, and another be on its way for the same question.
void Forwarder::forget(Flight& flight) {
  const auto found = flights_.find(flight.question);
  if (found != flights_.end() && found->second == &flight) flights_.erase(found);
}

Task<> Forwarder::close() {
  closed_ = true;
  scope_.stop();
  co_await scope_.join();
}

Task<> Forwarder::run(LocalRef<Flight> flight) {
  const LocalRef<const Plan> asked = plan();
  Deadline deadline(shard_, options_.deadline, flight->stop.token());
  const Outcome outcome = co_await askAll(*flight, *asked, deadline.token());
  if (outcome.kind != Outcome::Kind::answered) {
    flight->answer = Answer(outcome.rcode);
    if (outcome.kind == Outcome::Kind::failed) flight->answer.setExtendedError(ExtendedErrorCode::noReachableAuthority);
    ++statistics_.failures;
  }
  forget(*flight);
  flight->done.set();
}

Task<Forwarder::Outcome> Forwarder::askAll(Flight& flight, const Plan& plan, StopToken stop) {
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
      const Outcome outcome = co_await ask(flight, plan.servers[server], timeout, stop);
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

// One server, in one round: with EDNS, and without where it does not know EDNS.
Task<Forwarder::Outcome> Forwarder::ask(Flight& flight, Address server, Duration timeout, StopToken stop) {
  const Outcome outcome = co_await exchange(flight, server, timeout, true, stop);
  if (outcome.kind != Outcome::Kind::noEdns) co_return outcome;
  const Outcome plain = co_await exchange(flight, server, timeout, false, stop);
  co_return plain;
}

// Over UDP, and over TCP where that is what the reply asks for.
Task<Forwarder::Outcome> Forwarder::exchange(Flight& flight, Address server, Duration timeout, bool edns,
                                             StopToken stop) {
  const Outcome outcome = co_await askUdp(flight, server, timeout, edns, stop);
  if (outcome.kind != Outcome::Kind::useTcp) co_return outcome;
  const Outcome overTcp = co_await askTcp(flight, server, edns, stop);
  co_return overTcp;
}

Task<Forwarder::Outcome> Forwarder::askUdp(Flight& flight, Address server, Duration timeout, bool edns,
                                           StopToken stop) {
  using Kind = Outcome::Kind;
  auto socket = UdpSocket::connect(shard_, server);
  if (!socket) co_return Outcome(outOfResources(socket.error()) ? Kind::exhausted : Kind::silent);
  const std::uint16_t id = randomU16();
  std::array<std::uint8_t, 2048> buffer;  // a frame of this size is still a pooled one
  const std::size_t querySize =
      writeUpstreamQuery(flight.question, id, edns, options_.udpPayloadSize, MutableByteSpan(buffer));
  const ByteSpan query = ByteSpan(buffer).first(querySize);
  Deadline deadline(shard_, timeout, stop);
  ++statistics_.udpQueries;
  const IoResult sent = co_await socket->send(query, deadline.token());
  if (!sent) co_return Outcome(Kind::silent);
  for (std::size_t foreign = 0;;) {
    const MutableByteSpan into(buffer);
    const IoResult received = co_await socket->receive(into, deadline.token());
    if (!received) {
      // Silence in spite of replies that were none: a server that mixes them up, or somebody who tries to be it.
      if (deadline.expired()) ++statistics_.timeouts;
      co_return Outcome(foreign > 0 && deadline.expired() ? Kind::useTcp : Kind::silent);
    }
    UpstreamReply reply = readUpstreamReply(flight.question, id, ByteSpan(buffer).first(received.value()));
    if (reply.kind != UpstreamReply::Kind::foreign) co_return judge(std::move(reply), flight, edns, false);
    ++statistics_.foreign;
    if (++foreign == maxForeign) co_return Outcome(Kind::useTcp);
  }
}

Task<Forwarder::Outcome> Forwarder::askTcp(Flight& flight, Address server, bool edns, StopToken stop) {
  using Kind = Outcome::Kind;
  const std::uint16_t id = randomU16();
  std::array<std::uint8_t, maxUpstreamQuerySize> buffer;
  const std::size_t querySize =
      writeUpstreamQuery(flight.question, id, edns, options_.udpPayloadSize, MutableByteSpan(buffer));
  const ByteSpan query = ByteSpan(buffer).first(querySize);
  Deadline deadline(shard_, options_.tcpTimeout, stop);
  ++statistics_.tcpQueries;
  const auto message = co_await exchangeTcp(server, query, deadline.token());
  if (deadline.expired()) ++statistics_.timeouts;
  // Over TCP there is nothing to wait for: whoever refuses or breaks the connection will not do better in a moment.
  if (!message) co_return Outcome(Kind::failed);
  UpstreamReply reply = readUpstreamReply(flight.question, id, *message);
  co_return judge(std::move(reply), flight, edns, true);
}

// One query on a connection of its own; the reply's message, or nothing.
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

// What to do after a reply that is one; or, over TCP, after anything.
Forwarder::Outcome Forwarder::judge(UpstreamReply reply, Flight& flight, bool edns, bool overTcp) {
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
  flight.answer = std::move(reply.answer);
  return Outcome(Kind::answered);
}

}  // namespace taut
