// The server's logic, one object for each shard: what twisted.names calls DNSServerFactory, under its names.
//
// A query runs straight through `serve`, one coroutine from its arrival to its reply. Every step is virtual. A derived
// class that overrides one may be a coroutine or not: a step that only passes a task on returns it as it is.
//
//   factory->serve(query, channel)
//     where the message has a TSIG, it is verified (query.key()), and all that is written is signed on its way
//     allowQuery(query, channel)             allow; refuse: REFUSED; drop: no reply
//       QUERY only: FORMERR for what cannot be parsed, BADVERS, and the answer to a lone cookie
//     messageReceived(query, channel)        passes on the task of the opcode's handler
//       handleQuery(query, channel)          QUERY; the other opcodes have handlers of their own, NOTIMP by default
//         resolver().resolve(query), or that of the client's view
//     gotResolverResponse(answer, query)     look-ups only
//     sendReply(channel, query, answer)
//       responseFromMessage(query, answer, buffer)
//       channel.write(size)
//   where any of these throws
//     gotResolverError(failure, query), then sendReply; where they throw too, SERVFAIL past every override
//
// A query gets one reply even when a step throws: an exception becomes SERVFAIL and one line in the log (`FailureLog`).
// A step may also decide that there is none (`Admission::drop`, `Answer::noReply`), and so may the rate limit. A
// handler may write several messages into the channel itself, and then returns `Answer::noReply()`.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/address_policy.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/shared_list.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/access_list.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/answer_source.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/tsig_key.hpp"
#include "taut/dnstap/dnstap.hpp"
#include "taut/resolver/recursive_service.hpp"
#include "taut/resolver/resolver_chain.hpp"
#include "taut/server/admission.hpp"
#include "taut/server/failure_log.hpp"
#include "taut/server/message_end.hpp"
#include "taut/server/notification.hpp"
#include "taut/server/on_update.hpp"
#include "taut/server/query_log.hpp"
#include "taut/server/reply_channel.hpp"
#include "taut/server/responder.hpp"
#include "taut/server/server_counters.hpp"
#include "taut/server/top_queries.hpp"
#include "taut/server/views.hpp"
#include "taut/server/waiting_queries.hpp"

namespace taut {

class StreamConnection;
class TransferService;
class TransferSettings;
struct TsigRequest;

class ServerFactory {
 public:
  using Resolvers = SharedList<Resolver>;
  using Caches = SharedList<Cache>;

  // The chain asks all authorities, then all caches, then all clients, each in the order given. The answer of a client
  // is stored in the last cache. Caches and clients together are one RecursiveService.
  explicit ServerFactory(Resolvers authorities = {}, Caches caches = {}, Resolvers clients = {}, int verbose = 0);
  ServerFactory(const ServerFactory&) = delete;
  ServerFactory& operator=(const ServerFactory&) = delete;
  virtual ~ServerFactory();

  // Has the chain ask this service last, in the place of caches and clients, of which there are none. Once, before the
  // server starts.
  void setRecursion(std::shared_ptr<RecursiveService> recursion);

  ResolverChain& resolver() { return resolver_; }
  // Caches and clients, for a view to share; null where there are none.
  const std::shared_ptr<RecursiveService>& recursion() const { return recursion_; }
  Cache* cache() const { return cache_.get(); }  // the last one given; null without
  // Whether there is a client, or a service in their place: the RA bit of replies to those who have no view.
  bool recursionAvailable() const { return recursionAvailable_; }
  int verbose() const { return verbose_; }  // 0: failures only; 1: a few lines for each query; 2: all records
  // One line of the log where `verbose` is above 0.
  void verboseLog(std::string_view text) const;
  WaitingQueries& waitingQueries() { return waitingQueries_; }                        // of all transports of the shard
  const std::vector<StreamConnection*>& connections() const { return connections_; }  // in order of arrival

  // What the shard counts of its queries. Transports count what comes to them; the factory counts the rest.
  ServerCounters& counters() { return counters_; }
  const ServerCounters& counters() const { return counters_; }

  // For transports: counts and logs a message that holds no query, or comes for no client that is known.
  void ignore(const Address& client, Transport transport, DropReason reason);

  // The name whose questions say whether the server is ready: NOERROR without data, or SERVFAIL. All types and all
  // clients are answered, without a limit, past the address policy, views and resolvers: the reply is no larger than
  // the question. Nothing, as at first, for none.
  struct HealthName {
    Name name;
    std::function<bool()> isReady;  // called on the shard's thread; does not throw
  };
  void setHealthName(std::optional<HealthName> health) {
    healthName_ = health ? std::make_unique<const HealthName>(std::move(*health)) : nullptr;
  }

  // What cookies and the log take the time from; the system's at first. Outlives the factory. A server sets its
  // shard's.
  const Clock& clock() const { return responder_.clock(); }
  void setClock(const Clock& clock) { responder_.setClock(clock); }

  // Limits the size of replies over UDP, and is advertised in OPT: 512 to 4096 octets, 1232 at first (RFC 9715).
  // Throws std::invalid_argument for what is out of range.
  std::uint16_t udpPayloadSize() const { return responder_.udpPayloadSize(); }
  void setUdpPayloadSize(std::uint16_t octets) { responder_.setUdpPayloadSize(octets); }

  // Whether the records of an RRset in the answer section come in a different order each time: the ID of the query
  // chooses the first record. At first they come in one order.
  void setRRsetRoundRobin(bool on) { responder_.setRRsetRoundRobin(on); }

  // The options that replies carry for clients that ask; none at first. Throws std::invalid_argument for an NSID that
  // is too long.
  void setEdns(EdnsSettings settings) { responder_.setEdns(std::move(settings)); }

  // Whether the client has proved by a server cookie that it owns its address (RFC 7873 section 5.2.5).
  bool hasValidCookie(const Query& query) const { return responder_.hasValidCookie(query); }

  // The balancers that say by a header for which client each message is (ProxyHeader); nothing, as at first, for none.
  // All else sees the client's address, and the reply goes to the balancer. What a balancer sends without a header is
  // dropped and counted.
  void setProxies(std::optional<AddressPolicy> proxies) { proxies_ = std::move(proxies); }
  bool isProxy(const Address& peer) const { return proxies_ && proxies_->allows(peer); }

  // The keys that messages may be signed with (TSIG, RFC 8945); none at first, and with null. A message with a TSIG is
  // verified before `allowQuery`, which sees its key by `query.key()`, and all that is written in reply to it is
  // signed. Where the TSIG is not accepted, the default `allowQuery` is asked as for a message without a key, and
  // unless it drops the message the reply is NOTAUTH with BADKEY, BADSIG or BADTIME, or FORMERR.
  void setKeys(std::shared_ptr<const KeyRing> keys) { keys_ = std::move(keys); }

  // The queries that the default `allowQuery` allows, by their addresses or keys; all at first.
  void setAddressPolicy(AccessList list) { accessList_ = std::move(list); }

  // The queries that caches and clients work for; all at first. Others get REFUSED where no authority answers.
  void setRecursionPolicy(AccessList list);

  // Has clients with views answered by these, and the others by `resolver`; there are none at first. On the shard's
  // thread. The order of things is the same: what is before the chain, such as the address policy, holds for all.
  void setViews(std::vector<ViewRule> rules) { views_.replace(std::move(rules)); }
  // The view that the query's client has; null for none.
  View* viewOf(const Query& query) const { return views_.any() ? views_.find(query) : nullptr; }

  // What the resolvers have counted, those of views included. May be called on any thread.
  void addTo(ResolverStatistics& statistics) const;
  // Starts the resolvers, those of views included. Throws what the start of one throws. Before the first query.
  virtual Task<> startResolvers();
  // Stops and joins what they do beside answering, and closes them. After the last query, while the shard still runs,
  // whether they have been started or not.
  virtual Task<> closeResolvers();

  // Limits replies over UDP; there is no limit at first, and none with nothing. Throws std::invalid_argument for what
  // is out of range.
  void setRateLimit(const std::optional<RateLimit>& limit) { responder_.setRateLimit(limit); }

  // How long a query may go without an answer (`WaitingQueries` says what happens then); 10 seconds at first. Throws
  // std::invalid_argument for what is not above 0.
  void setAnswerTimeout(std::chrono::milliseconds timeout);

  // Which queries have a line of the log; none at first.
  void setQueryLog(const QueryLogSettings& settings);
  // Has the reader told of queries too, until it is removed. The number is that of the shard, among those of the tail.
  void addQueryTail(std::shared_ptr<QueryTail> tail, std::size_t shard);
  void removeQueryTail(const QueryTail& tail);
  // Null while queries are neither logged nor watched.
  const QueryLog* queryLog() const { return queryLog_.get(); }

  // Has the function told of each message that has come in, once, when it is known what becomes of it: right before the
  // reply leaves, or when there is to be none, whatever the reason. Empty, as at first, for none. It is called on the
  // shard's thread and does not wait; what it throws becomes a line of the log. An override of `sendReply` that sends
  // something else than the default does is told as a handler that has written messages, or none.
  using OnReply = std::function<void(const MessageEnd& end)>;
  void setOnReply(OnReply onReply);

  // Has dnstap tell of the queries of clients, and of their replies; null, as at first, for none. It is that of the
  // factory's shard, which starts it before the first query and stops it after the last. Once, before the server
  // starts. A message that does not go through the default `sendReply` is not told.
  void setDnstap(std::shared_ptr<Dnstap> dnstap);
  Dnstap* dnstap() const { return dnstap_.get(); }

  // Has the server answer requests for zone transfers (RFC 5936, RFC 1995) to those who may; null, as at first, for a
  // server that refuses them all. The shard is the factory's. On its thread, or before it runs; transfers that are
  // under way go on.
  void setTransfers(Shard& shard, std::shared_ptr<const TransferSettings> settings);

  // Has the function told of NOTIFY messages (RFC 1996), and say what is answered. Empty, as at first, for a server
  // that has no secondaries: NOTIMP.
  void setOnNotify(OnNotify onNotify) { onNotify_ = std::move(onNotify); }

  // Has the function carry out dynamic updates (RFC 2136), and say what is answered. Empty, as at first, for a server
  // whose zones nobody updates: NOTIMP.
  void setOnUpdate(OnUpdate onUpdate) { onUpdate_ = std::move(onUpdate); }

  // Counts what is asked most; null, as at first, for none. Once, before the server starts.
  void setTopQueries(std::unique_ptr<TopQueries> topQueries) { topQueries_ = std::move(topQueries); }
  TopQueries* topQueries() const { return topQueries_.get(); }

  // Has the chain prefetch for queries that are about to be served, at least one; what a resolver throws is logged.
  void prefetch(std::span<const Query* const> queries) noexcept;

  // Makes the protocol of a new stream: a StreamConnection. May decline with null, which closes the connection. The
  // default calls the function of `setProtocol`, where there is one.
  using ProtocolFactory = std::function<std::unique_ptr<StreamConnection>(ServerFactory& factory, const Address& peer)>;
  void setProtocol(ProtocolFactory protocol) { protocol_ = std::move(protocol); }
  const ProtocolFactory& protocol() const { return protocol_; }  // empty at first
  // A factory, made of the arguments, whose streams are `Protocol`s: StreamConnections made of factory and peer.
  template <typename Protocol, typename... Arguments>
  static std::unique_ptr<ServerFactory> forProtocol(Arguments&&... arguments) {
    auto factory = std::make_unique<ServerFactory>(std::forward<Arguments>(arguments)...);
    factory->setProtocol(
        [](ServerFactory& server, const Address& peer) { return std::make_unique<Protocol>(server, peer); });
    return factory;
  }
  virtual std::unique_ptr<StreamConnection> buildProtocol(const Address& peer);

  // Called once each for a stream connection; the default ones keep `connections`. What they throw is logged, and an
  // exception of `connectionMade` closes the connection.
  virtual void connectionMade(StreamConnection& connection);
  virtual void connectionLost(StreamConnection& connection);

  // For transports: what a stream of one's own has thrown, for a line of the log.
  void sessionFailed(const Address& peer, const std::exception_ptr& failure);

  // Called before the first listener of the shard starts, and after the last one has stopped, on the shard's thread.
  // `startFactory` and `stopFactory` run for the first call and the last one.
  void doStart();
  void doStop();
  virtual void startFactory() {}
  virtual void stopFactory() {}
  virtual std::string_view logPrefix() const { return "ServerFactory"; }

  // The life of one query, over any transport. Query and channel outlive the task. `owner` is destroyed with the task,
  // for a transport that keeps them nowhere else.
  Task<> serve(const Query& query, ReplyChannel& channel, std::unique_ptr<ReplyChannel> owner = nullptr);

  // Decides about the message. Called first for every message, even for one that cannot be parsed
  // (query.formatError()). The default looks at the address policy, and at whether a QUERY has a question, ought to
  // have one, or asks for a server cookie alone (RFC 7873 section 5.4). It refuses all other QUERY messages.
  virtual Task<Admission> allowQuery(const Query& query, const ReplyChannel& channel);

  // Passes on the task of the opcode's handler, for a message that was allowed. A QUERY has one question and could be
  // parsed. A message of another opcode comes as it is: it may have no question, and `query.formatError()` may be set.
  // Nothing: REFUSED, or SERVFAIL where the query was stopped.
  virtual Task<std::optional<Answer>> messageReceived(const Query& query, ReplyChannel& channel);

  // The default handleQuery passes on the chain's task, or for AXFR and IXFR that of handleTransfer. It answers
  // questions itself that no resolver may be asked: FORMERR or NOTIMP for types that only have a meaning elsewhere in a
  // message.
  virtual Task<std::optional<Answer>> handleQuery(const Query& query, ReplyChannel& channel);
  // The zone is that of the client's view, or of the chain.
  virtual Task<std::optional<Answer>> handleTransfer(const Query& query, ReplyChannel& channel);
  virtual Task<std::optional<Answer>> handleInverseQuery(const Query& query, ReplyChannel& channel);
  virtual Task<std::optional<Answer>> handleStatus(const Query& query, ReplyChannel& channel);
  virtual Task<std::optional<Answer>> handleNotify(const Query& query, ReplyChannel& channel);
  // Without `setOnUpdate` it is handleOther.
  virtual Task<std::optional<Answer>> handleUpdate(const Query& query, ReplyChannel& channel);
  virtual Task<std::optional<Answer>> handleOther(const Query& query, ReplyChannel& channel);

  // Make an answer of the chain's outcome (nothing: REFUSED, or SERVFAIL where the query was stopped), and of an
  // exception (SERVFAIL).
  virtual Answer gotResolverResponse(std::optional<Answer> answer, const Query& query);
  virtual Answer gotResolverError(std::exception_ptr failure, const Query& query);

  // The one place that serialises and sends, for datagram and stream alike. A client over the rate limit gets nothing
  // from it, or a truncated reply.
  virtual Task<> sendReply(ReplyChannel& channel, const Query& query, Answer answer);

  // Writes the reply into the buffer and returns its size.
  virtual std::size_t responseFromMessage(const Query& query, const Answer& answer, MutableByteSpan buffer);

 private:
  friend WaitingQueries;
  friend WaitingQuery;

  // What is done for verbose, the log of queries, its readers, dnstap and `setOnReply`. Without them, one look at
  // `observed_` is all they cost.
  void chooseWhetherObserved() { observed_ = verbose_ > 0 || queryLog_ || dnstap_ || onReply_; }
  template <typename Change>
  void changeQueryLog(const Change& change);
  void observeQuery(const Query& query, ReplyChannel& channel);
  void observeReply(const Query& query, ReplyChannel& channel, const Answer& answer, ByteSpan message,
                    std::string_view outcome);
  void tell(ReplyChannel& channel, MessageEnd& end) noexcept;
  void tell(const MessageEnd& end) noexcept;
  void tellMessages(const Query& query, ReplyChannel& channel, std::string_view outcome) noexcept;

  // Apart from what is done for others, which the compiler then makes no longer.
  Task<std::optional<Answer>> resolveByView(const Query& query);
  ServedZone servedZone(const Query& query) const;
  std::size_t responseByView(const Query& query, const Answer& answer, MutableByteSpan buffer);
  bool recursionAvailableFor(const Query& query) const {
    const View* const view = viewOf(query);
    return view ? view->recursionAvailable() : recursionAvailable_;
  }
  // Answers SERVFAIL, where no message was written yet, and logs what happened.
  void queryGivenUp(WaitingQuery& query, std::string_view what) noexcept;
  void answerGivenUp(const Query& query, ReplyChannel& channel, std::string_view what) noexcept;
  // Verifies the TSIG, and serves the query by a channel that signs.
  Task<> serveSigned(const Query& query, ReplyChannel& channel);
  void countTsig(const Query& query, const TsigRequest& request);
  // For a message that is not plain.
  std::optional<Answer> answerPeculiar(const Query& query, Admission admission) const;
  // The answer to a message that was refused, or that no handler could understand; nothing for other messages.
  std::optional<Answer> answerAtOnce(const Query& query, Admission admission) const;
  // Makes an answer of a handler's outcome; for a look-up gotResolverResponse does so.
  void conclude(const Query& query, std::optional<Answer>& outcome);
  Answer answerNotify(const Query& query);
  Task<std::optional<Answer>> answerUpdate(const Query& query, ServedZone zone);
  Answer updateReply(Rcode rcode);
  void countTop(const Query& query) noexcept;
  bool asksForHealth(const Query& query) const { return healthName_ && isAboutHealth(query); }
  bool isAboutHealth(const Query& query) const;
  Task<> answerHealth(const Query& query, ReplyChannel& channel);
  // Past every override and every limit.
  Task<> sendAnyway(const Query& query, ReplyChannel& channel, const Answer& answer);
  // A query gets no reply: counts and tells it, or tells it.
  void leaveUnanswered(const Query& query, ReplyChannel& channel, DropReason reason) noexcept;
  void tellUnanswered(const Query& query, ReplyChannel& channel, DropReason reason,
                      const AnswerSource& source) noexcept;
  // A handler, or an override, has left it at the messages that were written, none perhaps.
  void handlerEnded(const Query& query, ReplyChannel& channel) noexcept;
  // Every message has been told of when `serve` ends, also where an override has left the way.
  void tellRest(const Query& query, ReplyChannel& channel) noexcept;
  // `whose`: a query, or the peer of a session.
  template <typename Whose>
  void logFailure(const std::exception_ptr& failure, const Whose& whose);
  Task<> replyFailed(std::exception_ptr failure, const Query& query, ReplyChannel& channel);
  Task<std::optional<Answer>> notImplemented(const Query& query, std::string_view what);

  ServerCounters counters_;
  ResolverChain resolver_;
  std::shared_ptr<RecursiveService> recursion_;  // null without caches and clients
  std::shared_ptr<Cache> cache_;
  Views views_;
  Responder responder_{counters_};
  FailureLog failureLog_;
  std::unique_ptr<QueryLog> queryLog_;
  OnReply onReply_;
  std::shared_ptr<Dnstap> dnstap_;
  std::unique_ptr<TopQueries> topQueries_;
  std::unique_ptr<TransferService> transfers_;  // null: none are answered
  OnNotify onNotify_;
  OnUpdate onUpdate_;
  WaitingQueries waitingQueries_{*this};
  AccessList accessList_;
  std::shared_ptr<const KeyRing> keys_;  // null: none
  std::optional<AddressPolicy> proxies_;
  std::unique_ptr<const HealthName> healthName_;
  std::vector<StreamConnection*> connections_;
  ProtocolFactory protocol_;
  TaskScope work_;  // of the resolvers
  int verbose_;
  std::uint32_t untilCounted_ = 1;  // so many queries further is the one that `topQueries_` counts next
  bool observed_ = false;
  int started_ = 0;
  bool recursionAvailable_;
};

}  // namespace taut
