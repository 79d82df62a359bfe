// The way back to the client of one query: by a datagram, or by the stream connection that the query came by.
//
// A server hands it to the steps of `ServerFactory` together with the query. Over a stream it takes any number of
// messages, as a zone transfer needs them (RFC 5936 section 2.2). Over UDP the first message is the reply.
#pragma once

#include <cstddef>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/local_pool.hpp"
#include "taut/coro/task.hpp"
#include "taut/dns/client.hpp"
#include "taut/dns/query.hpp"

namespace taut {

class ReplyChannel : public Arrival, public LocallyPooled {
 public:
  ReplyChannel() = default;
  ReplyChannel(const ReplyChannel&) = delete;
  ReplyChannel& operator=(const ReplyChannel&) = delete;
  virtual ~ReplyChannel() = default;

  virtual Transport transport() const = 0;
  virtual const Address& peer() const = 0;

  // Whether more than one message can be the answer.
  virtual bool takesMany() const { return transport() != Transport::udp; }

  // What answers has a bound of its own, and many that wait for long: the query takes no place among those of the shard
  // that wait (`WaitingQueries`).
  virtual void takeNoPlace() {}

  // The buffer for a message, which is written right before `write`, without a wait in between. At least as large as a
  // reply over this transport may be, without the room for the signature of a reply that is to be signed: what writes a
  // message signs it. It may be the buffer of the query's message. Empty after a datagram was
  // sent, and where the channel is closed.
  virtual MutableByteSpan replyBuffer() = 0;

  // Sends the first `size` octets of the reply buffer. Waits while the peer leaves too much unread, so a peer that
  // reads slowly holds up its own messages and nothing else. Over UDP the first call counts; a further one does
  // nothing.
  Task<> write(std::size_t size) {
    if (closed_) [[unlikely]]
      return Task<>::ready();
    ++messagesWritten_;
    return send(size);
  }

  // Ends the connection, where there is one, so that the client does not wait for messages that will not follow: there
  // is no memory for them, or their handler was given up.
  virtual void abort() noexcept {}

  // Whether the server has given the query up: nothing that is written leaves any more.
  bool isClosed() const { return closed_; }

  // Whether dnstap tells of this query, and so of its replies.
  bool isTapped() const { return tapped_; }
  void setTapped() { tapped_ = true; }

  // Whether it has been told what became of the message.
  bool isTold() const { return told_; }
  void setTold() { told_ = true; }

  // How many messages were written.
  std::size_t messagesWritten() const { return messagesWritten_; }

 protected:
  virtual Task<> send(std::size_t size) = 0;
  void close() { closed_ = true; }

 private:
  std::size_t messagesWritten_ = 0;
  bool closed_ = false;
  bool tapped_ = false;
  bool told_ = false;
};

}  // namespace taut
