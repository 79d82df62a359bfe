// Exchange asks one server one question, in as many attempts as that takes:
//
//   Exchange exchange(exchanges, question, server);
//   do {
//     const auto attempt = co_await exchange.next(stop);
//     …                                                // a reply, or a reason to ask another server
//   } while (exchange.goesOn());
//
// - An attempt over UDP has a socket of its own with a port that the system draws at random from its ephemeral range,
//   and a random ID (RFC 5452). The socket is connected: the kernel drops datagrams from other addresses. One that has
//   heard the reply and nothing else is used again, with another port (UdpSocketPool). Mismatched replies are ignored.
//   After the third, or where no other reply comes, an attacker may be guessing: the question goes on over TCP, where
//   guesses do not get in.
// - A truncated reply is asked for again over TCP (RFC 7766 section 5), and so is one that was cut because it is larger
//   than allowed.
// - TCP connections are kept, and shared with other questions (TcpPool).
// - A server that does not understand EDNS is asked without (RFC 6891 section 7): after FORMERR and NOTIMP without an
//   OPT record, and after BADVERS. Silence says nothing about EDNS.
// - With `cookies` (RFC 7873) each query has a client cookie, and the server's own where it has given one before. A
//   reply with another client cookie is ignored, and one without a cookie, of a server that gave one, goes on over TCP.
//   BADCOOKIE is asked for again once with the cookie that it brings, and then over TCP (section 5.3). A server that
//   refuses the option is asked without.
// - With `mixedCase` the letters of the name have a random case, which the reply has to have too. One that does not
//   have it goes on over TCP: the server may not keep the case. The message that is given has the question's own.
//
// Whom to ask, for how long, and what a reply is worth is the business of the caller, who learns of each attempt when
// it has ended. Over TCP an exchange stays there.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "taut/base/address.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/counter.hpp"
#include "taut/base/local_pool.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/dns/client.hpp"
#include "taut/dns/query.hpp"
#include "taut/dnstap/dnstap.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/udp_socket_pool.hpp"
#include "taut/resolver/source_addresses.hpp"
#include "taut/resolver/tcp_pool.hpp"
#include "taut/resolver/upstream_query.hpp"

namespace taut {

struct ExchangeOptions {
  std::uint16_t udpPayloadSize = defaultUdpSize;  // offered to the servers with EDNS, 2048 at most
  std::chrono::milliseconds tcpTimeout{10000};    // for an attempt over TCP
  // Tells of the queries that are sent and their replies; null for none. Of the shard.
  std::shared_ptr<Dnstap> dnstap{};
  TcpPoolOptions connections{};
  SourceAddresses sources{};  // servers are asked from these, whatever `connections` says
};

struct ExchangeCounters {
  Counter udpQueries;
  Counter tcpQueries;
  Counter timeouts;    // attempts
  Counter mismatched;  // datagrams that were not replies to the query
};

// What the exchanges of one shard share.
class Exchanges {
 public:
  // Throws std::invalid_argument where no connection is allowed.
  Exchanges(Shard& shard, ExchangeOptions options);

  Shard& shard() const noexcept { return shard_; }
  const ExchangeOptions& options() const noexcept { return options_; }
  UdpSocketPool& sockets() noexcept { return sockets_; }
  TcpPool& connections() noexcept { return connections_; }
  // May be read on any thread.
  ExchangeCounters& counters() noexcept { return counters_; }
  const ExchangeCounters& counters() const noexcept { return counters_; }

  // Closes the connections. No exchange is under way.
  Task<> close() { return connections_.close(); }

 private:
  Shard& shard_;
  ExchangeOptions options_;
  UdpSocketPool sockets_;
  TcpPool connections_;
  ExchangeCounters counters_;
};

// The server that is asked, and what is known of it.
struct ExchangeServer {
  Address address;
  Duration timeout{};      // for an attempt over UDP
  bool edns = true;        // false where it is known not to understand it
  bool cookies = false;    // it is sent cookies, with EDNS
  Cookie cookie{};         // of the last exchange with it; size 0 for none
  bool mixedCase = false;  // for a server in whose name replies have been forged
};

class Exchange {
 public:
  // What came of an attempt. Those that do not say what follows are the end of the exchange.
  struct Attempt {
    enum class Kind : std::uint8_t {
      replied,    // `message` is the reply, with any RCODE
      malformed,  // it is a reply, but its records do not add up
      silent,     // no reply in time over UDP, or the query could not be sent
      broken,     // no reply over TCP: no connection, or it ended, or not in time
      exhausted,  // no descriptors or memory for a socket
      truncated,  // the exchange goes on over TCP
      doubtful,   // likewise: too much came that was no reply, or the reply may be forged
      noEdns,     // it goes on without EDNS
      noCookie,   // it goes on without a cookie
      badCookie,  // it goes on with another cookie, or over TCP
    };

    Attempt(Transport over, TimePoint now) : transport(over), sent(now) {}

    Kind kind = Kind::silent;
    bool timedOut = false;  // the query has left, and the time for its reply is over
    Transport transport;
    TimePoint sent;              // when it began
    std::size_t mismatched = 0;  // datagrams that were not replies to the query
    UpstreamReplyHead head{};    // of the reply, where one came
    LocalBytes message{};        // where it `replied`
  };

  // All outlive the exchange.
  Exchange(Exchanges& exchanges, const UpstreamQuestion& question, const ExchangeServer& server);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // One attempt. A stop ends it as silence does, or as a broken connection.
  Task<Attempt> next(StopToken stop) { return overTcp_ ? askTcp(stop) : askUdp(stop); }
  // Whether another attempt is to follow the last one.
  bool goesOn() const noexcept { return goesOn_; }

  // What is known now of the server: whether it understands EDNS, and what cookie to send it the next time.
  bool edns() const noexcept { return edns_; }
  const Cookie& cookie() const noexcept { return cookie_; }

 private:
  class Tap;

  Task<Attempt> askUdp(StopToken stop);
  Task<Attempt> askTcp(StopToken stop);
  UpstreamQuery makeQuery();
  Attempt::Kind judge(const UpstreamReplyHead& head, ByteSpan message, bool fillsBuffer);
  Attempt::Kind accept(const UpstreamReplyHead& head, ByteSpan message);
  Attempt::Kind goOnOverTcp(Attempt::Kind reason);

  Exchanges& exchanges_;
  const UpstreamQuestion& question_;
  const ExchangeServer& server_;
  Cookie cookie_;
  bool sendsCookie_;
  bool cookieRefused_ = false;
  bool edns_;
  bool overTcp_ = false;
  bool goesOn_ = true;
};

}  // namespace taut
