#include "taut/server/server_factory.hpp"

#include <algorithm>
#include <cassert>
#include <stdexcept>

#include "taut/base/log.hpp"
#include "taut/dns/reply.hpp"
#include "taut/server/stream_protocol.hpp"
#include "verbose_log.hpp"

namespace taut {

namespace {

// The clients of a chain, which feed the cache with what they answer. Authorities and caches never do.
class CachedClients final : public Resolver {
 public:
  CachedClients(std::shared_ptr<Cache> cache, ServerFactory::Resolvers clients)
      : cache_(std::move(cache)), clients_(std::move(clients)) {}

  Task<std::optional<Answer>> resolve(const Query& query) override {
    auto pending = clients_.resolve(query);
    if (!pending.isReady()) return storeLater(std::move(pending), query);
    auto answer = pending.takeReady();
    if (answer) cache_->store(query, *answer);
    return Task<std::optional<Answer>>::ready(std::move(answer));
  }

  Task<> close() override { return clients_.close(); }

 private:
  Task<std::optional<Answer>> storeLater(Task<std::optional<Answer>> pending, const Query& query) {
    auto answer = co_await std::move(pending);
    if (answer) cache_->store(query, *answer);
    co_return answer;
  }

  std::shared_ptr<Cache> cache_;
  ResolverChain clients_;
};

// Types that no zone holds and that nobody may ask a server for in an ordinary query, and what they are answered with.
std::optional<Rcode> rcodeForMetaType(Type type) {
  switch (type) {
    case Type::ANY:
      return std::nullopt;
    case Type::AXFR:
    case Type::IXFR:
      return Rcode::REFUSED;  // transfers are not served
    case Type::MAILA:
    case Type::MAILB:
      return Rcode::NOTIMP;
    default:
      return isMetaType(type) ? std::optional(Rcode::FORMERR) : std::nullopt;
  }
}

// Nobody knows the layout of another opcode, so such a message cannot be said to be wrong.
bool isImplemented(Opcode opcode) {
  return opcode == Opcode::QUERY || opcode == Opcode::IQUERY || opcode == Opcode::STATUS || opcode == Opcode::NOTIFY;
}

Answer refusal(ExtendedErrorCode why) {
  Answer answer = Answer::refused();
  answer.setExtendedError(why);
  return answer;
}

// Resolvers that were asked to stop have nothing to say; that is not the same as a name that nobody serves.
Answer unanswered(const Query& query) {
  return query.stopToken().stopRequested() ? Answer::serverFailure() : refusal(ExtendedErrorCode::notAuthoritative);
}

void logFailure(const std::exception_ptr& failure, const Query& query) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    log::error("{} {} from {}: {}", query.name(), query.type(), query.peer(), error.what());
  } catch (...) {
    log::error("{} {} from {}: unknown exception", query.name(), query.type(), query.peer());
  }
}

}  // namespace

ServerFactory::ServerFactory(Resolvers authorities, Caches caches, Resolvers clients, int verbose)
    : verbose_(verbose), canRecurse_(!clients.empty()) {
  for (auto& authority : authorities) resolver_.add(std::move(authority));
  for (const auto& cache : caches) resolver_.add(cache);
  if (!caches.empty()) cache_ = caches.back();
  if (cache_ && canRecurse_) {
    resolver_.add(std::make_shared<CachedClients>(cache_, std::move(clients)));
  } else {
    for (auto& client : clients) resolver_.add(std::move(client));
  }
}

ServerFactory::~ServerFactory() = default;

void ServerFactory::setUdpPayloadSize(std::uint16_t octets) {
  if (octets < classicUdpSize || octets > 4096) throw std::invalid_argument("UDP payload size: expected 512 to 4096");
  udpPayloadSize_ = octets;
}

void ServerFactory::setEdns(EdnsSettings settings) {
  if (settings.nsid.size() > EdnsSettings::maxNsid) throw std::invalid_argument("NSID: expected at most 255 octets");
  edns_ = std::move(settings);
}

bool ServerFactory::hasValidCookie(const Query& query) const {
  if (!edns_.cookies || !query.edns() || query.edns()->cookie.server().empty()) return false;
  return edns_.cookies->isValid(query.edns()->cookie, query.peer(), ServerCookies::timestamp());
}

std::unique_ptr<StreamProtocol> ServerFactory::buildProtocol(const Address& peer) {
  return protocol_ ? protocol_(*this, peer) : std::make_unique<StreamProtocol>(*this, peer);
}

void ServerFactory::connectionMade(StreamProtocol& connection) {
  connections_.push_back(&connection);
}

void ServerFactory::connectionLost(StreamProtocol& connection) {
  std::erase(connections_, &connection);
}

void ServerFactory::doStart() {
  if (started_ == 0) startFactory();
  ++started_;
}

void ServerFactory::doStop() {
  assert(started_ > 0);
  if (--started_ == 0) stopFactory();
}

// The functions below run to the end without a coroutine frame as long as nothing has to wait; the coroutine named
// …Later beside each takes over where something does.

Task<> ServerFactory::process(const Query& query, Protocol& protocol) {
  try {
    auto pending = messageReceived(query, protocol);
    if (pending.isReady()) return pending;
    return processLater(std::move(pending), query, protocol);
  } catch (...) {
    return replyFailed(std::current_exception(), query, protocol);
  }
}

Task<> ServerFactory::processLater(Task<> pending, const Query& query, Protocol& protocol) {
  std::exception_ptr failure;
  try {
    co_await std::move(pending);
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) co_await replyFailed(failure, query, protocol);
}

// Past every step that may be overridden. Where a reply has gone out already, the second one goes nowhere.
Task<> ServerFactory::replyFailed(std::exception_ptr failure, const Query& query, Protocol& protocol) {
  logFailure(failure, query);
  const MutableByteSpan buffer = protocol.replyBuffer();
  if (buffer.empty()) return Task<>::ready();
  return protocol.send(ServerFactory::responseFromMessage(query, Answer::serverFailure(), buffer));
}

Task<> ServerFactory::messageReceived(const Query& query, Protocol& protocol) {
  if (verbose_ > 0) VerboseLog(verbose_).received(query);
  auto pending = respond(query, protocol);
  if (!pending.isReady()) return replyLater(std::move(pending), query, protocol);
  return sendReply(protocol, query, pending.takeReady());
}

Task<> ServerFactory::replyLater(Task<Answer> pending, const Query& query, Protocol& protocol) {
  Answer answer = co_await std::move(pending);
  co_await sendReply(protocol, query, std::move(answer));
}

// Where an exception of a handler ends, be it thrown at once or after a wait.
Task<Answer> ServerFactory::respond(const Query& query, const Protocol& protocol) {
  try {
    auto pending = dispatch(query, protocol);
    if (pending.isReady()) return pending;
    return respondLater(std::move(pending), query);
  } catch (...) {
    return Task<Answer>::ready(gotResolverError(std::current_exception(), query));
  }
}

Task<Answer> ServerFactory::respondLater(Task<Answer> pending, const Query& query) {
  std::exception_ptr failure;
  try {
    Answer answer = co_await std::move(pending);
    co_return answer;
  } catch (...) {
    failure = std::current_exception();
  }
  co_return gotResolverError(failure, query);
}

Task<Answer> ServerFactory::dispatch(const Query& query, const Protocol& protocol) {
  if (!allowQuery(query, protocol)) return Task<Answer>::ready(refusal(ExtendedErrorCode::prohibited));
  if (!isImplemented(query.opcode())) return handleOther(query);
  if (query.formatError()) return Task<Answer>::ready(Answer::formatError());
  if (query.edns() && query.edns()->version != 0) return Task<Answer>::ready(Answer(Rcode::BADVERS));
  if (asksForCookie(query)) return Task<Answer>::ready(cookieAnswer(query));
  switch (query.opcode()) {
    case Opcode::IQUERY:
      return handleInverseQuery(query);
    case Opcode::STATUS:
      return handleStatus(query);
    case Opcode::NOTIFY:
      return handleNotify(query);
    default:
      return handleQuery(query);
  }
}

bool ServerFactory::allowQuery(const Query& query, const Protocol&) {
  const bool asks = query.questionCount() > 0 || query.formatError() || asksForCookie(query);
  return asks && addressPolicy_.allows(query.peer());
}

bool ServerFactory::asksForCookie(const Query& query) const {
  return query.questionCount() == 0 && query.opcode() == Opcode::QUERY && edns_.cookies && query.edns() &&
         query.edns()->cookie.size > 0;
}

// RFC 7873 section 5.4: there is nothing to answer but whether the client's cookie is good; the reply has a new one.
Answer ServerFactory::cookieAnswer(const Query& query) const {
  const bool wrong = !query.edns()->cookie.server().empty() && !hasValidCookie(query);
  return Answer(wrong ? Rcode::BADCOOKIE : Rcode::NOERROR);
}

Task<Answer> ServerFactory::handleQuery(const Query& query) {
  if (const auto rcode = rcodeForMetaType(query.type())) {
    Answer answer(*rcode);
    answer.setExtendedError(ExtendedErrorCode::notSupported);
    return Task<Answer>::ready(gotResolverResponse(std::move(answer), query));
  }
  auto pending = resolver_.resolve(query);
  if (!pending.isReady()) return handleQueryLater(std::move(pending), query);
  return Task<Answer>::ready(gotResolverResponse(pending.takeReady(), query));
}

Task<Answer> ServerFactory::handleQueryLater(Task<std::optional<Answer>> pending, const Query& query) {
  auto answer = co_await std::move(pending);
  co_return gotResolverResponse(std::move(answer), query);
}

Task<Answer> ServerFactory::notImplemented(const Query& query, std::string_view what) {
  if (verbose_ > 0) VerboseLog(verbose_).unsupported(query, what);
  Answer answer = Answer::notImplemented();
  answer.setExtendedError(ExtendedErrorCode::notSupported);
  return Task<Answer>::ready(std::move(answer));
}

Task<Answer> ServerFactory::handleInverseQuery(const Query& query) {
  return notImplemented(query, "Inverse query");
}

Task<Answer> ServerFactory::handleStatus(const Query& query) {
  return notImplemented(query, "Status request");
}

Task<Answer> ServerFactory::handleNotify(const Query& query) {
  return notImplemented(query, "Notify message");
}

Task<Answer> ServerFactory::handleOther(const Query& query) {
  if (verbose_ == 0) return notImplemented(query, {});  // what is only said in the log is not put together
  const auto what = fmt::format("Unknown op code ({})", static_cast<unsigned>(query.opcode()));
  return notImplemented(query, what);
}

Answer ServerFactory::gotResolverResponse(std::optional<Answer> answer, const Query& query) {
  Answer found = answer ? std::move(*answer) : unanswered(query);
  if (verbose_ > 0) VerboseLog(verbose_).found(found);
  return found;
}

Answer ServerFactory::gotResolverError(std::exception_ptr failure, const Query& query) {
  logFailure(failure, query);
  if (verbose_ > 0) log::info("Lookup failed");
  return Answer::serverFailure();
}

Task<> ServerFactory::sendReply(Protocol& protocol, const Query& query, Answer answer) {
  if (rateLimiter_) {
    const RateLimiter::Verdict verdict = limitRate(query, answer);
    if (verdict == RateLimiter::Verdict::drop) return Task<>::ready();
    if (verdict == RateLimiter::Verdict::truncate) answer.setTruncated(true);
  }
  if (verbose_ > 0) VerboseLog(verbose_).replying(answer);
  const std::size_t size = responseFromMessage(query, answer, protocol.replyBuffer());
  auto sent = protocol.send(size);
  if (verbose_ > 0) VerboseLog(verbose_).processed(query);
  return sent;
}

// Over a connection, or with a cookie, nobody asks in another's name.
RateLimiter::Verdict ServerFactory::limitRate(const Query& query, const Answer& answer) {
  if (query.transport() != Transport::udp || hasValidCookie(query)) return RateLimiter::Verdict::send;
  return rateLimiter_->account(query, answer);
}

std::size_t ServerFactory::responseFromMessage(const Query& query, const Answer& answer, MutableByteSpan buffer) {
  const EdnsOptions edns(edns_, query, answer);
  ReplyOptions options;
  options.recursionAvailable = canRecurse_;
  options.rrsetRoundRobin = rrsetRoundRobin_;
  options.udpPayloadSize = udpPayloadSize_;
  options.ednsOptions = edns.octets();
  return writeReply(query, answer, options, buffer);
}

}  // namespace taut
