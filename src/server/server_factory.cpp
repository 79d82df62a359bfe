#include "taut/server/server_factory.hpp"

#include <algorithm>
#include <cassert>
#include <new>
#include <stdexcept>

#include "clock_skew_log.hpp"
#include "memory_shortage.hpp"
#include "signing_channel.hpp"
#include "taut/base/log.hpp"
#include "taut/dns/tsig.hpp"
#include "taut/server/stream_connection.hpp"
#include "taut/server/transfer_service.hpp"
#include "verbose_log.hpp"

namespace taut {

namespace {

// Types that no zone holds and that an ordinary query may not ask for, with their RCODEs.
std::optional<Rcode> rcodeForMetaType(Type type) {
  switch (type) {
    case Type::ANY:
      return std::nullopt;
    case Type::AXFR:
    case Type::IXFR:
      return Rcode::REFUSED;  // no look-up, and refused where transfers are not served
    case Type::MAILA:
    case Type::MAILB:
      return Rcode::NOTIMP;
    default:
      return isMetaType(type) ? std::optional(Rcode::FORMERR) : std::nullopt;
  }
}

// What the server itself answers.
Answer ownAnswer(Answer answer) {
  answer.setSource(AnswerSource::Kind::server);
  return answer;
}
Answer withExtendedError(Answer answer, ExtendedErrorCode why) {
  answer.setExtendedError(why);
  return ownAnswer(std::move(answer));
}

// Resolvers that were asked to stop give no answer; that does not mean that the name is not served.
Answer unanswered(const Query& query) {
  if (query.stopToken().stopRequested()) return ownAnswer(Answer::serverFailure());
  return withExtendedError(Answer::refused(), ExtendedErrorCode::notAuthoritative);
}

// What dnstap calls a query that this server is expected to ask others for, and any other one.
bool isForRecursion(const Query& query, bool recursionAvailable) {
  return recursionAvailable && query.recursionDesired();
}
DnstapType queryTypeOf(const Query& query, bool recursionAvailable) {
  return isForRecursion(query, recursionAvailable) ? DnstapType::clientQuery : DnstapType::authQuery;
}
DnstapType responseTypeOf(const Query& query, bool recursionAvailable) {
  return isForRecursion(query, recursionAvailable) ? DnstapType::clientResponse : DnstapType::authResponse;
}
DnstapParties partiesOf(const Query& query) {
  return {query.transport(), query.peer(), {}};
}

std::string_view outcomeOf(RateLimiter::Verdict verdict) {
  return verdict == RateLimiter::Verdict::truncate ? MessageEnd::limited : std::string_view();
}

MessageEnd endOf(const Query& query) {
  MessageEnd end;
  end.query = &query;
  end.client = query.peer();
  end.transport = query.transport();
  return end;
}

}  // namespace

ServerFactory::ServerFactory(Resolvers authorities, Caches caches, Resolvers clients, int verbose)
    : resolver_(std::move(authorities)), verbose_(verbose), recursionAvailable_(!clients.empty()) {
  chooseWhetherObserved();
  if (!caches.empty()) cache_ = caches.back();
  if (caches.empty() && clients.empty()) return;
  recursion_ = std::make_shared<RecursiveService>(std::move(caches), std::move(clients));
  resolver_.add(recursion_);
}

ServerFactory::~ServerFactory() = default;

void ServerFactory::setRecursion(std::shared_ptr<RecursiveService> recursion) {
  if (recursion_ || !recursion) throw std::logic_error("the recursive service is set once, where there is no other");
  recursion_ = std::move(recursion);
  resolver_.add(recursion_);
  recursionAvailable_ = true;
}

void ServerFactory::setRecursionPolicy(AccessList list) {
  if (recursion_) recursion_->setAddressPolicy(std::move(list));
}

void ServerFactory::addTo(ResolverStatistics& statistics) const {
  resolver_.addTo(statistics);
  views_.addTo(statistics);
}

Task<> ServerFactory::startResolvers() {
  co_await resolver_.start(work_);
  co_await views_.start();
}

Task<> ServerFactory::closeResolvers() {
  work_.stop();
  co_await work_.join();
  co_await views_.close();
  co_await resolver_.close();
}

template <typename Change>
void ServerFactory::changeQueryLog(const Change& change) {
  if (!queryLog_) queryLog_ = std::make_unique<QueryLog>();
  change(*queryLog_);
  if (!queryLog_->isWanted()) queryLog_.reset();
  chooseWhetherObserved();
}

void ServerFactory::setQueryLog(const QueryLogSettings& settings) {
  changeQueryLog([&settings](QueryLog& log) { log.setSettings(settings); });
}

void ServerFactory::addQueryTail(std::shared_ptr<QueryTail> tail, std::size_t shard) {
  changeQueryLog([&](QueryLog& log) { log.addTail(std::move(tail), shard); });
}

void ServerFactory::removeQueryTail(const QueryTail& tail) {
  changeQueryLog([&tail](QueryLog& log) { log.removeTail(tail); });
}

void ServerFactory::ignore(const Address& client, Transport transport, DropReason reason) {
  counters_.countDrop(reason);
  if (!observed_) return;
  MessageEnd end;
  end.client = client;
  end.transport = transport;
  end.dropped = reason;
  end.source = AnswerSource::Kind::server;
  end.outcome = dropReasonWords[static_cast<std::size_t>(reason)];
  tell(end);
}

void ServerFactory::setOnReply(OnReply onReply) {
  onReply_ = std::move(onReply);
  chooseWhetherObserved();
}

void ServerFactory::setDnstap(std::shared_ptr<Dnstap> dnstap) {
  dnstap_ = std::move(dnstap);
  chooseWhetherObserved();
}

void ServerFactory::setTransfers(Shard& shard, std::shared_ptr<const TransferSettings> settings) {
  if (!transfers_)
    transfers_ = std::make_unique<TransferService>(shard, responder_, counters_, std::move(settings));
  else
    transfers_->setSettings(std::move(settings));
}

void ServerFactory::setAnswerTimeout(std::chrono::milliseconds timeout) {
  if (timeout.count() <= 0) throw std::invalid_argument("answer time-out: expected more than 0");
  waitingQueries_.setTimeout(timeout);
}

void ServerFactory::verboseLog(std::string_view text) const {
  if (verbose_ > 0) log::info("{}", text);
}

std::unique_ptr<StreamConnection> ServerFactory::buildProtocol(const Address& peer) {
  return protocol_ ? protocol_(*this, peer) : std::make_unique<StreamConnection>(*this, peer);
}

void ServerFactory::prefetch(std::span<const Query* const> queries) noexcept {
  try {
    resolver_.prefetch(queries);
  } catch (...) {
    logFailure(std::current_exception(), *queries.front());
  }
}

void ServerFactory::connectionMade(StreamConnection& connection) {
  connections_.push_back(&connection);
}

void ServerFactory::connectionLost(StreamConnection& connection) {
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

Task<> ServerFactory::serve(const Query& query, ReplyChannel& channel, std::unique_ptr<ReplyChannel>) {
  std::exception_ptr failure;
  try {
    if (query.hasTsig() && !SigningChannel::of(query)) {
      co_await serveSigned(query, channel);
      co_return;
    }
    if (observed_) [[unlikely]]
      observeQuery(query, channel);
    if (asksForHealth(query)) {
      co_await answerHealth(query, channel);
      co_return;
    }
    if (--untilCounted_ == 0) [[unlikely]]
      countTop(query);
    const Admission admission = co_await allowQuery(query, channel);
    if (admission == Admission::drop) {
      if (!channel.isClosed()) leaveUnanswered(query, channel, DropReason::policy);
      co_return;
    }
    std::optional<Answer> outcome = answerAtOnce(query, admission);
    if (!outcome) {
      outcome = co_await messageReceived(query, channel);
      if (channel.isClosed()) co_return;
      if (outcome && outcome->isNoReply()) {
        handlerEnded(query, channel);
        co_return;
      }
      conclude(query, outcome);
    }
    co_await sendReply(channel, query, std::move(*outcome));
    if (observed_) [[unlikely]]
      tellRest(query, channel);
    co_return;
  } catch (...) {
    failure = std::current_exception();
  }
  try {
    co_await replyFailed(failure, query, channel);
    if (observed_) tellRest(query, channel);
  } catch (const std::bad_alloc&) {
    leaveUnanswered(query, channel, DropReason::memory);
    reportMemoryShortage();
    channel.abort();
  }
}

Task<> ServerFactory::serveSigned(const Query& query, ReplyChannel& channel) {
  const std::shared_ptr<const KeyRing> keys = keys_;  // others may take their place meanwhile
  static const KeyRing none;
  const TsigRequest request = checkTsig(query.message(), keys ? *keys : none, tsigTime(clock()));
  countTsig(query, request);
  query.setContext(SigningKey{keys, request.isGood() ? request.key : nullptr});
  SigningChannel signing(channel, query, request, clock());
  std::unique_ptr<ReplyChannel> kept;  // by the caller
  co_await serve(query, signing, std::move(kept));
}

void ServerFactory::countTsig(const Query& query, const TsigRequest& request) {
  TsigCounters& counters = counters_.tsig;
  if (request.malformed)
    ++counters.malformed;
  else if (request.error == TsigError::BADKEY)
    ++counters.badKey;
  else if (request.error == TsigError::BADSIG)
    ++counters.badSig;
  else if (request.error == TsigError::BADTIME)
    ++counters.badTime;
  else
    ++counters.good;
  if (request.error == TsigError::BADTIME) logClockSkew(query, request, tsigTime(clock()));
}

bool ServerFactory::isAboutHealth(const Query& query) const {
  return query.opcode() == Opcode::QUERY && !query.formatError() && query.hasQuestion() &&
         query.rrClass() == Class::IN && !(query.edns() && query.edns()->version != 0) &&
         query.name() == healthName_->name.view();
}

Task<> ServerFactory::answerHealth(const Query& query, ReplyChannel& channel) {
  if (healthName_->isReady()) return sendAnyway(query, channel, ownAnswer(Answer()));
  return sendAnyway(query, channel, withExtendedError(Answer::serverFailure(), ExtendedErrorCode::notReady));
}

Task<> ServerFactory::sendAnyway(const Query& query, ReplyChannel& channel, const Answer& answer) {
  const MutableByteSpan buffer = channel.replyBuffer();
  const std::size_t size = ServerFactory::responseFromMessage(query, answer, buffer);
  if (observed_) observeReply(query, channel, answer, buffer.first(size), {});
  return channel.write(size);
}

Task<Admission> ServerFactory::allowQuery(const Query& query, const ReplyChannel&) {
  const bool asks = query.questionCount() > 0 || query.formatError() || query.opcode() != Opcode::QUERY ||
                    responder_.isCookieRequest(query);
  const bool allowed = asks && accessList_.allows(query);
  return Task<Admission>::ready(allowed ? Admission::allow : Admission::refuse);
}

std::optional<Answer> ServerFactory::answerAtOnce(const Query& query, Admission admission) const {
  if (!query.isPlain()) [[unlikely]] {
    auto answer = answerPeculiar(query, admission);
    if (answer) return answer;
  }
  if (admission == Admission::refuse) return withExtendedError(Answer::refused(), ExtendedErrorCode::prohibited);
  // What a message of another opcode has to hold is for its handler to say: the default ones know none of them.
  if (query.opcode() != Opcode::QUERY) return std::nullopt;
  if (query.edns() && query.edns()->version != 0) return ownAnswer(Answer(Rcode::BADVERS));
  if (responder_.isCookieRequest(query)) return ownAnswer(responder_.answerCookieRequest(query));
  return std::nullopt;
}

// What is wrong with a TSIG goes before a refusal, which would leave the client to guess.
std::optional<Answer> ServerFactory::answerPeculiar(const Query& query, Admission admission) const {
  if (const SigningChannel* const signing = SigningChannel::of(query); signing && !signing->request().isGood())
    return ownAnswer(signing->request().malformed ? Answer::formatError() : Answer(Rcode::NOTAUTH));
  if (admission == Admission::refuse || query.opcode() != Opcode::QUERY) return std::nullopt;
  return query.formatError() ? std::optional(ownAnswer(Answer::formatError())) : std::nullopt;
}

Task<std::optional<Answer>> ServerFactory::messageReceived(const Query& query, ReplyChannel& channel) {
  switch (query.opcode()) {
    case Opcode::QUERY:
      return handleQuery(query, channel);
    case Opcode::IQUERY:
      return handleInverseQuery(query, channel);
    case Opcode::STATUS:
      return handleStatus(query, channel);
    case Opcode::NOTIFY:
      return handleNotify(query, channel);
    case Opcode::UPDATE:
      return handleUpdate(query, channel);
    default:
      return handleOther(query, channel);
  }
}

Task<std::optional<Answer>> ServerFactory::handleQuery(const Query& query, ReplyChannel& channel) {
  const auto rcode = rcodeForMetaType(query.type());
  if (rcode) [[unlikely]] {
    if (query.type() == Type::AXFR || query.type() == Type::IXFR) return handleTransfer(query, channel);
    return Task<std::optional<Answer>>::ready(withExtendedError(Answer(*rcode), ExtendedErrorCode::notSupported));
  }
  if (views_.any()) [[unlikely]]
    return resolveByView(query);
  return resolver_.resolve(query);
}

Task<std::optional<Answer>> ServerFactory::handleTransfer(const Query& query, ReplyChannel& channel) {
  if (transfers_) return transfers_->answer(query, channel, servedZone(query));
  return Task<std::optional<Answer>>::ready(withExtendedError(Answer::refused(), ExtendedErrorCode::notSupported));
}

// The zone of exactly the query's name.
ServedZone ServerFactory::servedZone(const Query& query) const {
  const View* const view = viewOf(query);
  return view ? view->servedZone(query.name(), query.rrClass()) : resolver_.servedZone(query.name(), query.rrClass());
}

Task<std::optional<Answer>> ServerFactory::resolveByView(const Query& query) {
  View* const view = viewOf(query);
  return view ? view->resolve(query) : resolver_.resolve(query);
}

std::size_t ServerFactory::responseByView(const Query& query, const Answer& answer, MutableByteSpan buffer) {
  return responder_.write(query, answer, recursionAvailableFor(query), buffer);
}

Task<std::optional<Answer>> ServerFactory::notImplemented(const Query& query, std::string_view what) {
  if (verbose_ > 0) VerboseLog(verbose_).unsupported(query, what);
  return Task<std::optional<Answer>>::ready(
      withExtendedError(Answer::notImplemented(), ExtendedErrorCode::notSupported));
}

Task<std::optional<Answer>> ServerFactory::handleInverseQuery(const Query& query, ReplyChannel&) {
  return notImplemented(query, "Inverse query");
}

Task<std::optional<Answer>> ServerFactory::handleStatus(const Query& query, ReplyChannel&) {
  return notImplemented(query, "Status request");
}

Task<std::optional<Answer>> ServerFactory::handleNotify(const Query& query, ReplyChannel&) {
  if (!onNotify_) return notImplemented(query, "Notify message");
  return Task<std::optional<Answer>>::ready(answerNotify(query));
}

Answer ServerFactory::answerNotify(const Query& query) {
  const auto notification = readNotification(query);
  if (!notification) return ownAnswer(Answer::formatError());
  const NotifyVerdict verdict = onNotify_(*notification);
  ++(verdict == NotifyVerdict::accepted ? counters_.notifies.accepted : counters_.notifies.refused);
  if (verdict == NotifyVerdict::accepted) {
    Answer answer;
    answer.setAuthoritative(true);  // RFC 1996 section 3.8
    return ownAnswer(std::move(answer));
  }
  if (verdict == NotifyVerdict::notAllowed || servedZone(query))
    return withExtendedError(Answer::refused(), ExtendedErrorCode::prohibited);
  return withExtendedError(Answer(Rcode::NOTAUTH), ExtendedErrorCode::notAuthoritative);
}

Task<std::optional<Answer>> ServerFactory::handleUpdate(const Query& query, ReplyChannel& channel) {
  using Ready = Task<std::optional<Answer>>;
  if (!onUpdate_) return handleOther(query, channel);
  if (query.formatError() || query.questionCount() != 1 || !query.hasQuestion() || query.type() != Type::SOA)
    return Ready::ready(updateReply(Rcode::FORMERR));
  ServedZone zone = servedZone(query);
  if (!zone) return Ready::ready(updateReply(Rcode::NOTAUTH));
  return answerUpdate(query, std::move(zone));
}

Task<std::optional<Answer>> ServerFactory::answerUpdate(const Query& query, ServedZone zone) {
  const OnUpdate onUpdate = onUpdate_;  // another one may take its place meanwhile
  const Rcode rcode = co_await onUpdate(query, std::move(zone));
  co_return updateReply(rcode);
}

Answer ServerFactory::updateReply(Rcode rcode) {
  counters_.updates.count(rcode);
  if (rcode == Rcode::REFUSED) return withExtendedError(Answer::refused(), ExtendedErrorCode::prohibited);
  if (rcode == Rcode::NOTAUTH) return withExtendedError(Answer(rcode), ExtendedErrorCode::notAuthoritative);
  return ownAnswer(Answer(rcode));
}

Task<std::optional<Answer>> ServerFactory::handleOther(const Query& query, ReplyChannel&) {
  if (verbose_ == 0) return notImplemented(query, {});  // what is only said in the log is not put together
  const auto what = fmt::format("Unknown op code ({})", static_cast<unsigned>(query.opcode()));
  return notImplemented(query, what);
}

void ServerFactory::conclude(const Query& query, std::optional<Answer>& outcome) {
  if (query.opcode() == Opcode::QUERY)
    outcome = gotResolverResponse(std::move(outcome), query);
  else if (!outcome)
    outcome = unanswered(query);
}

Answer ServerFactory::gotResolverResponse(std::optional<Answer> answer, const Query& query) {
  Answer found = answer ? std::move(*answer) : unanswered(query);
  if (verbose_ > 0) VerboseLog(verbose_).found(found);
  return found;
}

// Without something that counts, the count goes on from 0 and comes here again after four billion queries.
void ServerFactory::countTop(const Query& query) noexcept {
  if (topQueries_) untilCounted_ = topQueries_->add(query);
}

// The message is there before the query first waits, and before its reply is written over it.
void ServerFactory::observeQuery(const Query& query, ReplyChannel& channel) {
  if (verbose_ > 0) VerboseLog(verbose_).received(query);
  if (!dnstap_ || !dnstap_->picksQuery()) return;
  channel.setTapped();
  dnstap_->add(queryTypeOf(query, recursionAvailableFor(query)), partiesOf(query), query.received(), query.message());
}

// An empty message is not sent: the query had been given up before.
void ServerFactory::observeReply(const Query& query, ReplyChannel& channel, const Answer& answer, ByteSpan message,
                                 std::string_view outcome) {
  if (message.size() < messageHeaderSize) return;
  if (SigningChannel* const signing = SigningChannel::of(query)) message = signing->seal(message.size());
  if (channel.isTapped())
    dnstap_->add(responseTypeOf(query, recursionAvailableFor(query)), partiesOf(query), query.received(), message);
  MessageEnd end = endOf(query);
  end.reply = message;
  // A client without EDNS gets no RCODE beyond 15.
  end.rcode = query.edns() ? answer.rcode() : static_cast<Rcode>(loadU16(message.data() + 2) & flag::rcodeMask);
  end.source = answer.source();
  end.outcome = outcome;
  tell(channel, end);
}

// An override may send two replies, and the first one counts.
void ServerFactory::tell(ReplyChannel& channel, MessageEnd& end) noexcept {
  if (channel.isTold()) return;
  channel.setTold();
  end.duration = clock().now() - end.query->received();
  tell(end);
}

void ServerFactory::tell(const MessageEnd& end) noexcept {
  if (queryLog_) queryLog_->add(end, clock());
  if (!onReply_) return;
  try {
    onReply_(end);
  } catch (const std::exception& error) {
    log::error("{}: onReply: {}", logPrefix(), error.what());
  } catch (...) {
    log::error("{}: onReply: unknown exception", logPrefix());
  }
}

void ServerFactory::tellMessages(const Query& query, ReplyChannel& channel, std::string_view outcome) noexcept {
  MessageEnd end = endOf(query);
  end.messages = channel.messagesWritten();
  end.outcome = outcome;
  tell(channel, end);
}

void ServerFactory::leaveUnanswered(const Query& query, ReplyChannel& channel, DropReason reason) noexcept {
  counters_.countDrop(reason);
  const bool byHandler = reason == DropReason::handler;
  tellUnanswered(query, channel, reason, byHandler ? AnswerSource::Kind::handler : AnswerSource::Kind::server);
}

void ServerFactory::tellUnanswered(const Query& query, ReplyChannel& channel, DropReason reason,
                                   const AnswerSource& source) noexcept {
  if (!observed_) return;
  MessageEnd end = endOf(query);
  end.dropped = reason;
  end.source = source;
  end.outcome = dropReasonWords[static_cast<std::size_t>(reason)];
  tell(channel, end);
}

void ServerFactory::handlerEnded(const Query& query, ReplyChannel& channel) noexcept {
  if (channel.messagesWritten() == 0)
    leaveUnanswered(query, channel, DropReason::handler);
  else if (observed_)
    tellMessages(query, channel, MessageEnd::wroteMessages);
}

// What an override of `sendReply` has not sent, it counts itself.
void ServerFactory::tellRest(const Query& query, ReplyChannel& channel) noexcept {
  if (channel.isTold() || channel.isClosed()) return;
  if (channel.messagesWritten() > 0) return tellMessages(query, channel, MessageEnd::wroteMessages);
  tellUnanswered(query, channel, DropReason::handler, AnswerSource::Kind::handler);
}

template <typename Whose>
void ServerFactory::logFailure(const std::exception_ptr& failure, const Whose& whose) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    failureLog_.add(whose, error.what(), clock().now());
  } catch (...) {
    failureLog_.add(whose, "unknown exception", clock().now());
  }
}

void ServerFactory::sessionFailed(const Address& peer, const std::exception_ptr& failure) {
  logFailure(failure, peer);
}

Answer ServerFactory::gotResolverError(std::exception_ptr failure, const Query& query) {
  logFailure(failure, query);
  verboseLog("Lookup failed");
  return ownAnswer(Answer::serverFailure());
}

Task<> ServerFactory::sendReply(ReplyChannel& channel, const Query& query, Answer answer) {
  const RateLimiter::Verdict verdict = responder_.limitRate(query, answer);
  if (verdict == RateLimiter::Verdict::drop) {
    tellUnanswered(query, channel, DropReason::rateLimit, answer.source());
    return Task<>::ready();
  }
  if (verdict == RateLimiter::Verdict::truncate) answer.setTruncated(true);
  if (verbose_ > 0) VerboseLog(verbose_).replying(answer);
  const MutableByteSpan buffer = channel.replyBuffer();
  const std::size_t size = responseFromMessage(query, answer, buffer);
  if (observed_) [[unlikely]]
    observeReply(query, channel, answer, buffer.first(size), outcomeOf(verdict));
  auto sent = channel.write(size);
  if (verbose_ > 0) VerboseLog(verbose_).processed(query, clock().now());
  return sent;
}

std::size_t ServerFactory::responseFromMessage(const Query& query, const Answer& answer, MutableByteSpan buffer) {
  if (views_.any()) [[unlikely]]
    return responseByView(query, answer, buffer);
  return responder_.write(query, answer, recursionAvailable_, buffer);
}

// Past every override: these may wait, and the query has no time left. The message is with the channel when `write`
// returns, so its task is not awaited.
void ServerFactory::queryGivenUp(WaitingQuery& waiting, std::string_view what) noexcept {
  ++counters_.givenUp;
  const Query& query = *waiting.query();
  SigningChannel* const signing = SigningChannel::of(query);
  if (!signing) return answerGivenUp(query, waiting, what);
  answerGivenUp(query, *signing, what);
  signing->close();
}

void ServerFactory::answerGivenUp(const Query& query, ReplyChannel& channel, std::string_view what) noexcept {
  try {
    failureLog_.add(query, what, clock().now());
    if (channel.messagesWritten() > 0) {
      if (observed_) tellMessages(query, channel, MessageEnd::givenUp);
      return channel.abort();
    }
    Answer answer = withExtendedError(Answer::serverFailure(), ExtendedErrorCode::other);
    const RateLimiter::Verdict verdict = responder_.limitRate(query, answer);
    if (verdict == RateLimiter::Verdict::drop)
      return tellUnanswered(query, channel, DropReason::rateLimit, answer.source());
    if (verdict == RateLimiter::Verdict::truncate) answer.setTruncated(true);
    const MutableByteSpan buffer = channel.replyBuffer();
    const std::size_t size = ServerFactory::responseFromMessage(query, answer, buffer);
    if (observed_) observeReply(query, channel, answer, buffer.first(size), MessageEnd::givenUp);
    [[maybe_unused]] const Task<> written = channel.write(size);
  } catch (const std::exception& error) {
    log::error("{}: {}", logPrefix(), error.what());
  }
}

// A handler that wrote messages before it failed cannot take them back, so no other message follows. Each query gets
// one line in the log at most.
Task<> ServerFactory::replyFailed(std::exception_ptr failure, const Query& query, ReplyChannel& channel) {
  ++counters_.failures;
  bool logged = false;
  std::exception_ptr another;
  try {
    Answer answer = gotResolverError(failure, query);
    logged = true;
    if (channel.isClosed()) co_return;  // its time was over, and it has its reply and its line
    if (channel.messagesWritten() > 0) co_return;
    co_await sendReply(channel, query, std::move(answer));
    co_return;
  } catch (...) {
    another = std::current_exception();
  }
  if (!logged) logFailure(another, query);
  if (channel.messagesWritten() > 0) co_return;
  const Answer failed = ownAnswer(Answer::serverFailure());
  co_await sendAnyway(query, channel, failed);
}

}  // namespace taut
