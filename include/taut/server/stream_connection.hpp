// One stream connection: messages with their lengths before them, answered as each one finishes, so in any order (RFC
// 7766).
//
// A connection that rests holds its socket, a pending receive, and the timer of its idle time. Buffers and all that
// answering takes exist while there is something in work. What a peer can make it hold is bounded: the queries in
// flight, the replies that the peer does not read, and the time that it may be idle or take for one message or one
// write. A peer that resets the connection stops the work for its queries. A peer that ends its stream leaves them
// `afterEnd`, since it may still read (RFC 7766 section 6.2.3 has clients close, and some half-close).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "taut/base/address.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/io/timer.hpp"
#include "taut/net/stream_buffers.hpp"
#include "taut/net/tcp_stream.hpp"
#include "taut/server/connection_place.hpp"
#include "taut/server/server_factory.hpp"

namespace taut {

class QueryPipeline;
class StreamSession;

struct StreamLimits {
  std::chrono::milliseconds idle{10000};     // since the last answer, unless another query is in flight
  std::chrono::milliseconds afterEnd{2000};  // for queries in flight when the peer has sent its last octet
  std::chrono::milliseconds write{10000};    // for the replies that are ready to be taken
  std::size_t queriesInFlight = 100;         // at least 1; more are read when some have been answered
  std::size_t unreadReplies = 64 * 1024;     // octets; no query is answered while more wait to be taken
};

inline constexpr StreamLimits usualStreamLimits;

// What the stream connections of a shard share. It outlives them.
struct StreamContext {
  StreamContext(StreamBuffers& receiveBuffers, StopToken stopped, StopToken aborted, const Address& listensOn = {})
      : buffers(receiveBuffers), stop(stopped), abort(aborted), listener(listensOn) {}

  StreamBuffers& buffers;
  StopToken stop;   // connections end: queries that have come, or are on the way, are answered
  StopToken abort;  // these are stopped too

  // Where a reply is written before it is framed: never held across a wait, so all connections have the same.
  std::shared_ptr<std::uint8_t[]> replyBuffer{new std::uint8_t[maxMessageSize]};

  Address listener;     // as it was configured; empty where it is not known
  Address destination;  // that the clients spoke to, where a balancer says so; empty: that of the socket
};

// The place is the one that it holds among the connections of its client.
class StreamConnection : public ConnectionPlace, private Timer {
 public:
  // The limits outlive the connection.
  StreamConnection(ServerFactory& factory, const Address& peer, const StreamLimits& limits = usualStreamLimits);
  StreamConnection(ServerFactory& factory, const Address& peer, const StreamLimits&& limits) = delete;
  ~StreamConnection() override;

  const Address& peer() const { return stream_.peer(); }
  ServerFactory& factory() const { return factory_; }

  // Serves the connection to its end. The task owns it.
  static Task<> serve(std::unique_ptr<StreamConnection> connection, TcpStream stream, const StreamContext& context) {
    StreamConnection& served = *connection;
    served.stream_ = std::move(stream);
    return served.run(std::move(connection), context);
  }

  bool hasQueryInFlight() const override;
  void close() override;

 private:
  friend QueryPipeline;
  friend StreamSession;

  // `self` is this connection. The default passes on a task whose frame does not know the connection twice.
  virtual Task<> run(std::unique_ptr<StreamConnection> self, const StreamContext& context) {
    return serveToEnd(std::move(self), context);
  }
  static Task<> serveToEnd(std::unique_ptr<StreamConnection> connection, const StreamContext& context);
  void made() noexcept;
  void lost() noexcept;
  // The idle time is over. Where something is in work, `exchange` looks at the timer itself.
  virtual void endIdle() noexcept;
  Task<> exchange(ReceivedData& data, const StreamContext& context);
  Task<> exchangeMessages(ReceivedData& data, const StreamContext& context);
  Task<ReceivedData> receiveLast(const QueryPipeline& pipeline, const StreamContext& context);

  // The timer is the limit of the idle time, which begins again when an answer has been given.
  void touch() noexcept;
  bool isIdle() const { return !armed(); }
  static void idleTimeOver(Timer& timer) noexcept;

  ServerFactory& factory_;
  TcpStream stream_;  // has no socket before it is served, nor when it has ended
  const StreamLimits& limits_;
  QueryPipeline* pipeline_ = nullptr;  // while there is something in work
};

}  // namespace taut
