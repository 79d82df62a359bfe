#include "taut/resolver/exchange.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "taut/base/random.hpp"
#include "taut/io/deadline.hpp"

namespace taut {

namespace {

// Octets that a datagram is received into: a frame with a buffer of this size is still a pooled one.
constexpr std::size_t datagramBufferSize = 2048;

// Mismatched replies that one attempt reads before it goes over to TCP. Each may be the guess of an attacker, and a
// server that is not under attack sends none.
constexpr std::size_t maxMismatched = 3;

constexpr std::uint8_t clientCookieSize = 8;

using Kind = Exchange::Attempt::Kind;

bool outOfResources(IoResult result) {
  return result.error() == EMFILE || result.error() == ENFILE || result.error() == ENOBUFS || result.error() == ENOMEM;
}

// The RCODEs of a server without EDNS for a query with it (RFC 6891 section 7).
bool refusesEdns(Rcode rcode) {
  return rcode == Rcode::FORMERR || rcode == Rcode::NOTIMP || rcode == Rcode::BADVERS;
}

Cookie cookieOf(ByteSpan octets) {
  Cookie cookie;
  cookie.size = static_cast<std::uint8_t>(octets.size());
  copyOctets(cookie.octets.data(), octets);
  return cookie;
}

TcpPoolOptions poolOptionsOf(const ExchangeOptions& options) {
  TcpPoolOptions pool = options.connections;
  pool.sources = options.sources;
  return pool;
}

Cookie newCookie() {
  Cookie cookie;
  cookie.size = clientCookieSize;
  fillRandom(MutableByteSpan(cookie.octets).first(clientCookieSize));
  return cookie;
}

}  // namespace

Exchanges::Exchanges(Shard& shard, ExchangeOptions options)
    : shard_(shard), options_(std::move(options)), sockets_(shard), connections_(shard, poolOptionsOf(options_)) {
  options_.udpPayloadSize = std::min<std::uint16_t>(options_.udpPayloadSize, datagramBufferSize);
}

// What dnstap tells of one attempt.
class Exchange::Tap {
 public:
  Tap(const Exchanges& exchanges, const Address& server, Transport transport)
      : dnstap_(pick(exchanges.options().dnstap.get())),
        server_(server),
        transport_(transport),
        asked_(exchanges.shard().now()) {}

  void asked(ByteSpan query) { add(DnstapType::forwarderQuery, query); }
  void answered(ByteSpan reply) { add(DnstapType::forwarderResponse, reply); }

 private:
  static Dnstap* pick(Dnstap* dnstap) { return dnstap && dnstap->picksQuestion() ? dnstap : nullptr; }
  void add(DnstapType type, ByteSpan message) {
    const DnstapParties parties{transport_, {}, server_};
    if (dnstap_) dnstap_->add(type, parties, asked_, message);
  }

  Dnstap* dnstap_;  // null where it does not tell of this attempt
  const Address& server_;
  Transport transport_;
  TimePoint asked_;
};

Exchange::Exchange(Exchanges& exchanges, const UpstreamQuestion& question, const ExchangeServer& server)
    : exchanges_(exchanges),
      question_(question),
      server_(server),
      cookie_(server.cookie),
      sendsCookie_(server.cookies),
      edns_(server.edns) {}

UpstreamQuery Exchange::makeQuery() {
  UpstreamQuery query;
  query.id = randomU16();
  query.edns = edns_;
  query.udpPayloadSize = exchanges_.options().udpPayloadSize;
  if (edns_ && sendsCookie_) {
    if (cookie_.size == 0) cookie_ = newCookie();
    query.cookie = ByteSpan(cookie_.octets).first(cookie_.size);
  }
  if (server_.mixedCase && !overTcp_) query.caseSeed = randomU64() | 1;
  return query;
}

Task<Exchange::Attempt> Exchange::askUdp(StopToken stop) {
  Shard& shard = exchanges_.shard();
  Attempt attempt(Transport::udp, shard.now());
  goesOn_ = false;
  const Address source = exchanges_.options().sources.choose(server_.address);
  auto socket = exchanges_.sockets().connect(server_.address, source);
  if (!socket) {
    attempt.kind = outOfResources(socket.error()) ? Kind::exhausted : Kind::silent;
    co_return attempt;
  }
  const UpstreamQuery query = makeQuery();
  std::array<std::uint8_t, datagramBufferSize> buffer;
  const ByteSpan octets = ByteSpan(buffer).first(writeUpstreamQuery(question_, query, MutableByteSpan(buffer)));
  Deadline deadline(shard, server_.timeout, stop);
  ++exchanges_.counters().udpQueries;
  Tap tap(exchanges_, server_.address, Transport::udp);
  tap.asked(octets);
  const IoResult sent = co_await socket->send(octets, deadline.token());
  if (!sent) co_return attempt;
  for (;;) {
    const MutableByteSpan into(buffer);
    const UdpSocket::ReceivedDatagram datagram = co_await socket->receiveDatagram(into, deadline.token());
    const IoResult received = datagram.size;
    if (!received) {
      attempt.timedOut = deadline.expired();
      if (attempt.timedOut) ++exchanges_.counters().timeouts;
      // Only mismatched replies came: the server mixes up its replies, or an attacker forges them.
      if (attempt.mismatched > 0 && attempt.timedOut) attempt.kind = goOnOverTcp(Kind::doubtful);
      co_return attempt;
    }
    const ByteSpan message = ByteSpan(buffer).first(received.value());
    attempt.head = matchUpstreamReply(question_, query, message);
    if (attempt.head.kind != UpstreamReplyHead::Kind::mismatched) {
      tap.answered(message);
      if (source.empty() && attempt.mismatched == 0) exchanges_.sockets().giveBack(std::move(*socket), server_.address);
      // What came behind the first fragment may be another's: only the first one has the ports and the ID.
      attempt.kind = datagram.inFragments ? goOnOverTcp(Kind::truncated)
                                          : judge(attempt.head, message, received.value() == datagramBufferSize);
      if (attempt.kind == Kind::replied) attempt.message.assign(message.begin(), message.end());
      if (query.caseSeed != 0) restoreCase(question_, attempt.message);
      co_return attempt;
    }
    ++exchanges_.counters().mismatched;
    if (++attempt.mismatched == maxMismatched) {
      attempt.kind = goOnOverTcp(Kind::doubtful);
      co_return attempt;
    }
  }
}

Task<Exchange::Attempt> Exchange::askTcp(StopToken stop) {
  Shard& shard = exchanges_.shard();
  Attempt attempt(Transport::tcp, shard.now());
  attempt.kind = Kind::broken;
  goesOn_ = false;
  const UpstreamQuery query = makeQuery();
  std::array<std::uint8_t, maxUpstreamQuerySize> buffer;
  const ByteSpan octets = ByteSpan(buffer).first(writeUpstreamQuery(question_, query, MutableByteSpan(buffer)));
  Deadline deadline(shard, exchanges_.options().tcpTimeout, stop);
  ++exchanges_.counters().tcpQueries;
  Tap tap(exchanges_, server_.address, Transport::tcp);
  tap.asked(octets);
  auto reply = co_await exchanges_.connections().exchange(server_.address, octets, deadline.token());
  attempt.timedOut = deadline.expired();
  if (attempt.timedOut) ++exchanges_.counters().timeouts;
  if (!reply) {
    if (outOfResources(reply.error())) attempt.kind = Kind::exhausted;
    co_return attempt;
  }
  tap.answered(*reply);
  attempt.head = matchUpstreamReply(question_, query, *reply);
  attempt.kind = judge(attempt.head, *reply, false);
  if (attempt.kind == Kind::replied) attempt.message = std::move(*reply);
  co_return attempt;
}

Kind Exchange::goOnOverTcp(Kind reason) {
  goesOn_ = overTcp_ = true;
  return reason;
}

// `fillsBuffer`: the kernel has cut the datagram, unless all of its records are there.
Kind Exchange::judge(const UpstreamReplyHead& head, ByteSpan message, bool fillsBuffer) {
  using Reply = UpstreamReplyHead::Kind;
  switch (head.kind) {
    case Reply::mismatched:
      return Kind::malformed;  // over TCP: a message with this ID, and another question
    case Reply::malformed:
      return fillsBuffer ? goOnOverTcp(Kind::truncated) : Kind::malformed;
    case Reply::truncated:
      return overTcp_ ? Kind::malformed : goOnOverTcp(Kind::truncated);
    case Reply::unproven:
      return overTcp_ ? accept(head, message) : goOnOverTcp(Kind::doubtful);
    case Reply::matched:
      return accept(head, message);
  }
  return Kind::malformed;
}

// Looks at what the reply says of the form of the query.
Kind Exchange::accept(const UpstreamReplyHead& head, ByteSpan message) {
  if (!edns_) return Kind::replied;
  const bool sentCookie = sendsCookie_;
  if (sentCookie) cookie_ = cookieOf(message.subspan(head.cookieOffset, head.cookieSize));
  if (head.rcode == Rcode::BADCOOKIE && sentCookie && !overTcp_) {
    if (std::exchange(cookieRefused_, true)) return goOnOverTcp(Kind::badCookie);
    goesOn_ = true;
    return Kind::badCookie;
  }
  if (!refusesEdns(head.rcode)) return Kind::replied;
  if (head.edns && sentCookie && head.rcode != Rcode::BADVERS) {
    sendsCookie_ = false;
    goesOn_ = true;
    return Kind::noCookie;
  }
  if (head.edns && head.rcode != Rcode::BADVERS) return Kind::replied;
  edns_ = false;
  goesOn_ = true;
  return Kind::noEdns;
}

}  // namespace taut
