// A stream connection whose octets a function of one's own reads and writes: DNS over HTTP, DNS over TLS, any protocol.
//
//   Task<> serve(StreamSession& session) {
//     BufferedStream peer(session.stream());
//     while (const auto message = co_await readRequest(peer)) {
//       const std::string reply = co_await session.answer(asBytes(*message));
//       const IoResult written = co_await peer.write(reply);
//       if (!written) co_return;
//     }
//   }
//
// The connection ends when the function has returned or thrown; an exception is a line of the log (FailureLog). A
// server has such connections by `ServerOptions::services`, or where `ServerFactory::buildProtocol` gives one.
//
// What a peer can hold is bounded as with DNS messages (StreamLimits). Its reads see the end of the stream when it has
// got no answer for the idle time, and also when the server ends; what has come until then is read first. Answers in
// flight then finish within the drain. After that, and where another client needs the connection's place, the session
// is stopped: every wait of its own that is given no token ends.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/semaphore.hpp"
#include "taut/coro/task.hpp"
#include "taut/io/io_result.hpp"
#include "taut/net/byte_stream.hpp"
#include "taut/net/tcp_stream.hpp"
#include "taut/server/queries_in_work.hpp"
#include "taut/server/server_factory.hpp"
#include "taut/server/stream_connection.hpp"

namespace taut {

class StreamSession final : public StreamConnection, private ByteStream {
 public:
  // Called once, on the shard's thread. The session outlives the task.
  using Serve = std::function<Task<>(StreamSession& session)>;

  // The limits outlive the session.
  StreamSession(ServerFactory& factory, const Address& peer, Serve serve,
                const StreamLimits& limits = usualStreamLimits);
  StreamSession(ServerFactory& factory, const Address& peer, Serve serve, const StreamLimits&& limits) = delete;
  ~StreamSession() override;

  // What the peer sends, and what it is sent. A write takes no longer than the limit of a write; one that fails ends
  // the reads too.
  ByteStream& stream() { return *this; }
  // The address that the peer has spoken to, with the port; behind a balancer, what that says. Empty for a socket file.
  Address localAddress() const;
  // What is beneath the stream, for its options.
  const TcpStream& socket() const { return stream_; }
  Shard& shard() const { return stream_.shard(); }

  // The reply to a query in wire form, both without a length before them; empty where there is none. The query takes
  // the way of one that came over TCP: `ServerFactory::serve`, with all counters, limits and logs. It goes on when the
  // drain begins, and is asked to stop at its end, and when the peer is seen to have gone. Any number may be in flight;
  // more than `queriesInFlight` wait. Of several messages that a handler writes, the first is the reply, and
  // zone transfers are answered as over UDP. The message lives until then.
  Task<std::string> answer(ByteSpan message);

  // Serves DNS messages with their lengths before them on the stream, until it ends (RFC 7766, RFC 7858), as a
  // StreamConnection does: answers leave as each one finishes, and all limits hold. On return they have left. The
  // stream is that of the session, or one that is made of it. Once at a time. Throws what the stream throws.
  Task<> serveMessages(ByteStream& stream);

  // Begins the idle time again, for what a protocol has answered by itself.
  void touch() noexcept { StreamConnection::touch(); }

  bool hasQueryInFlight() const override;
  void close() override;

 private:
  class Reply;
  struct Outcome;

  Task<IoResult> readSome(MutableByteSpan buffer, StopToken stop) override;
  Task<IoResult> writeAll(ByteSpan octets, StopToken stop) override;

  Task<> run(std::unique_ptr<StreamConnection> self, const StreamContext& context) override;
  void endIdle() noexcept override;
  Task<> callServe();
  std::unique_ptr<Reply> makeReply(Outcome& outcome, ByteSpan message, Semaphore::Permit permit);
  Task<> watchPeer(StopToken stop);
  void beginEnd() noexcept;

  Serve serve_;
  const StreamContext* context_ = nullptr;  // from here on: while it runs
  std::optional<QueriesInWork> queries_;    // and the function
  Semaphore inFlight_;
  bool displaced_ = false;
};

}  // namespace taut
