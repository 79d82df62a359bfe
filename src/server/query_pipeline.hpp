// What is in work on one stream connection: messages that have begun to come, queries in flight, and replies that the
// peer has not taken yet. It exists only while there is any.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/local_pool.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/semaphore.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/net/byte_stream.hpp"
#include "taut/net/stream_buffers.hpp"
#include "taut/net/tcp_stream.hpp"
#include "taut/server/frame_decoder.hpp"
#include "taut/server/queries_in_work.hpp"
#include "taut/server/stream_connection.hpp"

namespace taut {

class QueryPipeline {
 public:
  // The messages come and go by the connection's socket, or by `under`, a stream that is made of it.
  QueryPipeline(StreamConnection& connection, const StreamContext& context, ByteStream* under = nullptr);
  QueryPipeline(const QueryPipeline&) = delete;
  QueryPipeline& operator=(const QueryPipeline&) = delete;
  ~QueryPipeline();

  // Starts on every query that the octets complete, and ends their lease, where there is one; waits where too much is
  // in work.
  Task<> answerFrames(ByteSpan octets, ReceivedData* lease, StopToken stop);

  bool hasQueryInFlight() const { return inFlight_.available() < limits_.queriesInFlight; }
  // Whether nothing is in work. What the decoder keeps of a message counts as work, so that it is not lost.
  bool isEmpty() const { return queries_.tasks().empty() && decoder_.atBoundary(); }

  // Of one that has begun to come.
  bool hasPartOfMessage() const { return !decoder_.atBoundary(); }

  // Waits until all queries are answered and the replies taken; from `limit` on the queries are asked to stop.
  Task<> finishWithin(Duration limit);
  TaskScope::JoinAwaiter finish() { return queries_.tasks().join(); }

  // The peer is gone, or does not read, or has to go: its queries are stopped, and their replies are of no use. The
  // connection ends with a reset.
  void abortStream();
  bool isBroken() const { return broken_; }

  Address localAddress() const { return context_.destination.empty() ? stream_.localAddress() : context_.destination; }
  const Address& listener() const { return context_.listener; }
  // Asks the queries in flight to stop. The connection may have ended on return.
  void stopQueries() { queries_.stop(); }

 private:
  class Reply;

  Task<Semaphore::Permit> roomForQuery(ReceivedData* lease, StopToken stop);
  void keepRest(ReceivedData* lease);
  std::unique_ptr<Reply> makeReply(ByteSpan message, Semaphore::Permit permit);
  void answer(ByteSpan message, Semaphore::Permit permit);
  Task<> enqueue(ByteSpan message);
  Task<> untilRead();
  void uncork();
  void startWriting();
  Task<> write();
  Task<bool> writeOnce();
  MutableByteSpan replyBuffer() const { return {context_.replyBuffer.get(), maxMessageSize}; }
  std::size_t unreadReplies() const { return replies_.size() + writing_.size(); }

  StreamConnection& connection_;
  const StreamContext& context_;
  TcpStream& stream_;
  ByteStream* const under_;  // in place of the socket; null without
  const StreamLimits& limits_;
  FrameDecoder decoder_;
  Semaphore inFlight_;
  QueriesInWork queries_;
  Event written_;        // set while nothing is being written
  LocalBytes replies_;   // framed, not given to the kernel yet
  LocalBytes writing_;   // given to the kernel, in part perhaps
  bool corked_ = false;  // replies are gathered: more of them are about to come
  bool broken_ = false;
};

}  // namespace taut
