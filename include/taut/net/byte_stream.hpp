// ByteStream is what a protocol on a stream is written on: octets that come in order, and octets that leave. A
// TcpStream gives them as they are, and TLS is a stream of its own over another one.
//
// The connection beneath belongs to another object, which ends it: its reads then see the end of the stream, and its
// writes fail. Every wait obeys the token, or that of its task where none is given.
#pragma once

#include "taut/base/bytes.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/io/io_result.hpp"

namespace taut {

class ByteStream {
 public:
  ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;
  virtual ~ByteStream() = default;

  // One reader and one writer at a time. What they are given stays in place meanwhile.
  // Reads what is there, once, at least one octet, into a buffer that is not empty. The value is how many; 0 is the end
  // of the stream.
  virtual Task<IoResult> readSome(MutableByteSpan buffer, StopToken stop = {}) = 0;
  // Writes everything; the value is the number of octets. After an error it is unknown how much has left.
  virtual Task<IoResult> writeAll(ByteSpan octets, StopToken stop = {}) = 0;
};

}  // namespace taut
