// One stream connection: messages with their lengths before them, answered as each one finishes, so in any order (RFC
// 7766).
//
// A connection that waits holds hardly any buffer. What a peer can make it hold is bounded: the queries in flight, the
// replies that the peer does not read, and the time that it may be idle or take for one message or one write. A peer
// that resets the connection stops the work for its queries. A peer that ends its stream leaves them `afterEnd`, since
// it may still read (RFC 7766 section 6.2.3 has clients close, and some half-close).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/intrusive_list.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/semaphore.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/deadline.hpp"
#include "taut/net/stream_buffers.hpp"
#include "taut/net/tcp_stream.hpp"
#include "taut/server/frame_decoder.hpp"
#include "taut/server/reply_channel.hpp"
#include "taut/server/server_factory.hpp"

namespace taut {

struct StreamLimits {
  std::chrono::milliseconds idle{10000};     // since the last answer, unless another query is in flight
  std::chrono::milliseconds afterEnd{2000};  // for queries in flight when the peer has sent its last octet
  std::chrono::milliseconds write{10000};    // for the replies that are ready to be taken
  std::size_t queriesInFlight = 100;         // at least 1; more are read when some have been answered
  std::size_t unreadReplies = 64 * 1024;     // octets; no query is answered while more wait to be taken
};

class StreamConnection {
 public:
  StreamConnection(ServerFactory& factory, const Address& peer, const StreamLimits& limits = {});
  StreamConnection(const StreamConnection&) = delete;
  StreamConnection& operator=(const StreamConnection&) = delete;
  virtual ~StreamConnection() = default;

  const Address& peer() const { return peer_; }
  ServerFactory& factory() const { return factory_; }

  // Serves the connection to its end, once. After `stop` no more queries are read and those in flight are answered;
  // `abort` stops these too. `buffers` outlives the task.
  Task<> serve(TcpStream stream, StreamBuffers& buffers, StopToken stop, StopToken abort);

  // Ends the connection now, and the work for its queries: another client needs its place.
  void close();

  bool hasQueryInFlight() const { return inFlight_.available() < limits_.queriesInFlight; }

 private:
  class Reply;

  enum class ReadEnd : std::uint8_t { byPeer, byServer };

  Task<> joinWithin(Duration limit);
  Task<ReadEnd> readQueries(TcpStream& stream, StreamBuffers& buffers, StopToken stop);
  Task<> answerFrames(TcpStream& stream, ReceivedData& data, StopToken stop);
  Task<Semaphore::Permit> roomForQuery(TcpStream& stream, ReceivedData& data, StopToken stop);
  void answer(TcpStream& stream, ByteSpan message, Semaphore::Permit permit);
  Task<> enqueue(TcpStream& stream, ByteSpan message);
  Task<> untilRead();
  void uncork(TcpStream& stream);
  void startWriting(TcpStream& stream);
  Task<> write(TcpStream& stream);
  Task<bool> writeOnce(TcpStream& stream);
  std::size_t unreadReplies() const { return replies_.size() + writing_.size(); }
  void abortStream(TcpStream& stream);
  void stopQueries();

  ServerFactory& factory_;
  Address peer_;
  StreamLimits limits_;
  FrameDecoder decoder_;
  Semaphore inFlight_;
  TaskScope tasks_;
  IntrusiveList<Reply> started_;  // the query that was started last, until it has ended or is known to wait
  IntrusiveList<Reply> waiting_;
  TcpStream* stream_ = nullptr;        // while it is served
  Event written_;                      // set while nothing is being written
  std::vector<std::uint8_t> replies_;  // framed, not given to the kernel yet
  std::vector<std::uint8_t> writing_;  // given to the kernel, in part perhaps
  TimePoint answered_;                 // when the last query was, or when the connection began
  bool corked_ = false;                // replies are gathered: more of them are about to come
  bool broken_ = false;
};

}  // namespace taut
