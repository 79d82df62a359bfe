// DNS messages over one TCP connection to a server (RFC 1035 section 4.2.2): the request, and the many messages that
// may answer it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/result.hpp"
#include "taut/coro/task.hpp"
#include "taut/io/io_result.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/tcp_stream.hpp"

namespace taut {

class MessageStream {
 public:
  // Gives up after `limit`, with ETIMEDOUT.
  static Task<Result<MessageStream, IoResult>> connect(Shard& shard, Address server, std::chrono::seconds limit);

  // The message, of at most 65,535 octets, stays in place until then.
  Task<IoResult> send(ByteSpan message);

  // Octets that have to come in `rateTime`. A server that sends less holds what it is asked for.
  static constexpr std::size_t leastOctets = 10 * 1024;
  static constexpr std::chrono::minutes rateTime{5};

  // The next message, without its length. It lives until the next call. ENODATA where the stream has ended, also in the
  // middle of a message, ETIMEDOUT where no octet has come for so long, and ETIME where too few octets have come.
  Task<Result<ByteSpan, IoResult>> next(std::chrono::seconds idle);

  const Address& server() const { return stream_.peer(); }

 private:
  explicit MessageStream(TcpStream stream);
  std::size_t missing() const;
  bool isTooSlow(std::size_t received);

  TcpStream stream_;
  std::vector<std::uint8_t> buffer_;  // grows to what the largest message needs
  std::size_t begin_ = 0;             // of what was not read, in the buffer
  std::size_t end_ = 0;
  TimePoint rateSince_;
  std::size_t rateOctets_ = 0;  // that have come since
};

}  // namespace taut
