// The server's logic, one object for each shard: what twisted.names calls DNSServerFactory, under its names.
//
// A query runs straight through: `messageReceived` asks `allowQuery`, dispatches on the opcode, awaits the resolver
// chain (authorities, then caches, then clients) and calls `sendReply`. Every step is virtual. A derived class that
// overrides one may be a coroutine or not.
//
//   factory->messageReceived(query, protocol)
//     allowQuery(query, protocol)            no: REFUSED; then FORMERR for what cannot be parsed, and BADVERS
//     handleQuery(query)                     QUERY; the other opcodes have handlers of their own, NOTIMP by default
//       resolver().resolve(query)
//       gotResolverResponse(answer, query)   or gotResolverError(failure, query)
//     sendReply(protocol, query, answer)
//       responseFromMessage(query, answer, buffer)
//
// Exactly one reply goes out for each query, whatever is thrown on the way: an exception becomes SERVFAIL and one line
// in the log. (A rate limit may leave it out, and so may a derived `messageReceived`, by not sending anything.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/coro/task.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/reply.hpp"
#include "taut/resolver/cache.hpp"
#include "taut/resolver/resolver_chain.hpp"
#include "taut/server/address_policy.hpp"
#include "taut/server/edns_options.hpp"
#include "taut/server/protocol.hpp"
#include "taut/server/rate_limiter.hpp"

namespace taut {

class StreamProtocol;

class ServerFactory {
 public:
  using Resolvers = std::vector<std::shared_ptr<Resolver>>;
  using Caches = std::vector<std::shared_ptr<Cache>>;

  // The chain asks all authorities, then all caches, then all clients, each in the order given. What a client answers
  // is stored in the last cache.
  explicit ServerFactory(Resolvers authorities = {}, Caches caches = {}, Resolvers clients = {}, int verbose = 0);
  ServerFactory(const ServerFactory&) = delete;
  ServerFactory& operator=(const ServerFactory&) = delete;
  virtual ~ServerFactory();

  ResolverChain& resolver() { return resolver_; }
  Cache* cache() const { return cache_.get(); }    // the last one given; null without
  bool canRecurse() const { return canRecurse_; }  // whether there is a client: the RA bit of replies
  int verbose() const { return verbose_; }         // 0: failures only; 1: a few lines for each query; 2: all records
  const std::vector<StreamProtocol*>& connections() const { return connections_; }  // in order of arrival

  // Limits the size of replies over UDP, and is advertised in OPT: 512 to 4096 octets, 1232 at first (RFC 9715).
  std::uint16_t udpPayloadSize() const { return udpPayloadSize_; }
  void setUdpPayloadSize(std::uint16_t octets);

  // Whether the records of an RRset in the answer section come in a different order each time: the order goes round, by
  // the ID of the query. They come in one order at first.
  void setRRsetRoundRobin(bool on) { rrsetRoundRobin_ = on; }

  // The options that replies carry for those who ask; none at first. Throws std::invalid_argument for an NSID that is
  // too long.
  void setEdns(EdnsSettings settings);

  // Whether the client has proved by a server cookie that it owns its address (RFC 7873 section 5.2.5).
  bool hasValidCookie(const Query& query) const;

  // What the default `allowQuery` asks.
  void setAddressPolicy(AddressPolicy policy) { addressPolicy_ = std::move(policy); }

  // Limits replies over UDP; there is no limit at first. Throws std::invalid_argument for what is out of range.
  void setRateLimit(const RateLimit& limit) { rateLimiter_ = std::make_unique<RateLimiter>(limit); }

  // Makes the protocol of a new stream connection. May decline with null, which closes the connection. The default
  // calls the function of `setProtocol`, or else makes a StreamProtocol.
  using ProtocolFactory = std::function<std::unique_ptr<StreamProtocol>(ServerFactory& factory, const Address& peer)>;
  void setProtocol(ProtocolFactory protocol) { protocol_ = std::move(protocol); }
  virtual std::unique_ptr<StreamProtocol> buildProtocol(const Address& peer);

  // Called once each for a stream connection; the default ones keep `connections`.
  virtual void connectionMade(StreamProtocol& connection);
  virtual void connectionLost(StreamProtocol& connection);

  // Called before the first listener of the shard starts, and after the last one has stopped, on the shard's thread.
  // `startFactory` and `stopFactory` run for the first call and the last one.
  void doStart();
  void doStop();
  virtual void startFactory() {}
  virtual void stopFactory() {}
  virtual std::string_view logPrefix() const { return "ServerFactory"; }

  // What a transport calls: messageReceived, with SERVFAIL for whatever is thrown there. Both arguments outlive the
  // task.
  Task<> process(const Query& query, Protocol& protocol);

  // One query from its arrival to its reply. Both arguments outlive the task.
  virtual Task<> messageReceived(const Query& query, Protocol& protocol);

  // Whether to answer; a query that is not allowed is REFUSED. Asked about every message first, also one that cannot
  // be parsed (query.formatError()). The default allows what has a question, or ought to have one, or asks for a
  // server cookie alone (RFC 7873 section 5.4), and comes from an address that the policy allows.
  virtual bool allowQuery(const Query& query, const Protocol& protocol);

  // The default handleQuery awaits the chain, and answers itself what no resolver is to be asked: REFUSED for zone
  // transfers, FORMERR or NOTIMP for types that only have a meaning elsewhere in a message.
  virtual Task<Answer> handleQuery(const Query& query);
  virtual Task<Answer> handleInverseQuery(const Query& query);
  virtual Task<Answer> handleStatus(const Query& query);
  virtual Task<Answer> handleNotify(const Query& query);
  virtual Task<Answer> handleOther(const Query& query);

  // Make an answer of what the chain found (nothing: REFUSED, or SERVFAIL where the query was stopped), and of an
  // exception (SERVFAIL).
  virtual Answer gotResolverResponse(std::optional<Answer> answer, const Query& query);
  virtual Answer gotResolverError(std::exception_ptr failure, const Query& query);

  // The one place that serialises and sends, for datagram and stream alike, and that sends nothing, or a truncated
  // reply, to a client that is over the rate limit.
  virtual Task<> sendReply(Protocol& protocol, const Query& query, Answer answer);

  // Writes the reply into the buffer and returns its size.
  virtual std::size_t responseFromMessage(const Query& query, const Answer& answer, MutableByteSpan buffer);

 private:
  Task<Answer> respond(const Query& query, const Protocol& protocol);
  Task<Answer> dispatch(const Query& query, const Protocol& protocol);
  Task<Answer> notImplemented(const Query& query, std::string_view what);
  Task<Answer> respondLater(Task<Answer> pending, const Query& query);
  Task<Answer> handleQueryLater(Task<std::optional<Answer>> pending, const Query& query);
  Task<> replyLater(Task<Answer> pending, const Query& query, Protocol& protocol);
  Task<> processLater(Task<> pending, const Query& query, Protocol& protocol);
  Task<> replyFailed(std::exception_ptr failure, const Query& query, Protocol& protocol);
  RateLimiter::Verdict limitRate(const Query& query, const Answer& answer);
  bool asksForCookie(const Query& query) const;
  Answer cookieAnswer(const Query& query) const;

  ResolverChain resolver_;
  std::shared_ptr<Cache> cache_;
  std::vector<StreamProtocol*> connections_;
  ProtocolFactory protocol_;
  AddressPolicy addressPolicy_;
  std::unique_ptr<RateLimiter> rateLimiter_;
  EdnsSettings edns_;
  int verbose_;
  int started_ = 0;
  std::uint16_t udpPayloadSize_ = 1232;
  bool canRecurse_;
  bool rrsetRoundRobin_ = false;
};

}  // namespace taut
