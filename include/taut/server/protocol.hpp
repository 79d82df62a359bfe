// Where the reply to one query goes: back in a datagram, or down the stream connection that the query came by.
//
// A server hands it to `ServerFactory::messageReceived` together with the query. It takes at most one reply.
#pragma once

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/coro/task.hpp"
#include "taut/dns/query.hpp"

namespace taut {

class Protocol {
 public:
  Protocol() = default;
  Protocol(const Protocol&) = delete;
  Protocol& operator=(const Protocol&) = delete;

  virtual Transport transport() const = 0;
  virtual const Address& peer() const = 0;

  // Where a reply is to be written right before `send`, without a wait in between; at least as large as a reply over
  // this transport may be. It may be the buffer of the query's message. Empty after a datagram was sent.
  virtual MutableByteSpan replyBuffer() = 0;

  // Sends the first `size` octets of the reply buffer. The first call counts; a second one does nothing.
  virtual Task<> send(std::size_t size) = 0;

 protected:
  ~Protocol() = default;
};

}  // namespace taut
