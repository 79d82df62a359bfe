// BufferedStream reads a TcpStream, or any ByteStream, by lines, delimiters and counts, which is what most protocols
// are made of, and keeps what has come beyond:
//
//   const IoResult asked = co_await stream.write("PING\r\n");
//   const auto reply = co_await stream.readLine();
//   if (!reply) …      // reply.error(): an IoResult
//
// No read takes more than `limit` octets, whatever the peer sends. Where the stream ends, or more than the limit comes,
// before a read has what it asks for, it fails; what has come stays in buffered(). Every wait obeys the token of its
// task.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/result.hpp"
#include "taut/coro/task.hpp"
#include "taut/io/io_result.hpp"
#include "taut/net/byte_stream.hpp"
#include "taut/net/tcp_stream.hpp"

namespace taut {

class BufferedStream {
 public:
  static constexpr std::size_t defaultLimit = 64 * 1024;  // octets
  // What a read comes to, beside the errors of the network.
  static constexpr IoResult endOfStream = IoResult::failure(ENODATA);
  static constexpr IoResult tooLong = IoResult::failure(EMSGSIZE);

  // Octets; or the reason why there are none.
  using Text = Result<std::string, IoResult>;

  explicit BufferedStream(TcpStream stream, std::size_t limit = defaultLimit)
      : stream_(std::move(stream)), limit_(limit) {}
  // The stream outlives this object, which never closes it.
  explicit BufferedStream(ByteStream& stream, std::size_t limit = defaultLimit)
      : stream_(Address()), under_(&stream), limit_(limit) {}

  // One reader at a time, and one writer. The stream stays in place meanwhile.
  // The octets up to the next LF, without it and a CR before it. The limit counts both.
  Task<Text> readLine();
  // The octets up to the delimiter, without it. It is not empty and lives until the read has ended; the limit counts
  // it.
  Task<Text> readUntil(std::string_view delimiter);
  // So many octets, limit at most.
  Task<Text> readExactly(std::size_t size);

  // Writes all of it, which lives until then. After an error it is unknown how much has left.
  Task<IoResult> write(ByteSpan octets) { return under_ ? under_->writeAll(octets) : stream_.writeAll(octets); }
  Task<IoResult> write(std::string_view text) { return write(asBytes(text)); }

  // For protocols with a parser of their own: reads once, and gives how much came, 0 at the end of the stream.
  // `tooLong` where limit octets wait in the buffer already.
  Task<IoResult> fill();
  // What has come and was not read yet. Valid until the next read.
  std::string_view buffered() const noexcept { return std::string_view(buffer_).substr(begin_); }
  // So many octets of it are read.
  void consume(std::size_t size) noexcept { begin_ += size; }

  // How many octets have come in all.
  std::uint64_t received() const noexcept { return received_; }

  // Of the TcpStream; where there is none it is not open.
  // Whether it is open and nothing has come that was not read, nor its end.
  bool isQuiet() const noexcept;
  bool isOpen() const noexcept { return stream_.isOpen(); }
  // Closes. Nothing may be in flight.
  void close() noexcept { stream_.close(); }

 private:
  std::string take(std::size_t size, std::size_t delimiter);

  TcpStream stream_;             // has no socket where there is another stream
  ByteStream* under_ = nullptr;  // that stream
  std::size_t limit_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what was not read, in the buffer
  std::uint64_t received_ = 0;
};

}  // namespace taut
