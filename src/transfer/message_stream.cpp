#include "taut/transfer/message_stream.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "taut/coro/current_stop_token.hpp"
#include "taut/io/deadline.hpp"

namespace taut {

namespace {

constexpr std::size_t lengthSize = 2;
// Octets. Messages of transfers have 16 KiB as a rule, and a connection that asks for one SOA never needs more.
constexpr std::size_t firstBufferSize = 4096;
constexpr std::size_t fullBufferSize = 65536 + lengthSize;

}  // namespace

MessageStream::MessageStream(TcpStream stream) : stream_(std::move(stream)), rateSince_(stream_.shard().now()) {}

Task<Result<MessageStream, IoResult>> MessageStream::connect(Shard& shard, Address server, std::chrono::seconds limit) {
  const StopToken stop = co_await currentStopToken();
  Deadline deadline(shard, limit, stop);
  auto stream = co_await TcpStream::connect(shard, server, deadline.token());
  if (!stream) co_return Failure(deadline.expired() ? IoResult::failure(ETIMEDOUT) : stream.error());
  co_return MessageStream(std::move(*stream));
}

Task<IoResult> MessageStream::send(ByteSpan message) {
  std::array<std::uint8_t, lengthSize> length;
  storeU16(length.data(), static_cast<std::uint16_t>(message.size()));
  const ByteSpan head(length);
  const IoResult sent = co_await stream_.writeAll(head, message);
  co_return sent;
}

// How many more octets the next message needs to be whole; 0: none.
std::size_t MessageStream::missing() const {
  const std::size_t there = end_ - begin_;
  if (there < lengthSize) return lengthSize - there;
  const std::size_t needed = lengthSize + loadU16(buffer_.data() + begin_);
  return needed > there ? needed - there : 0;
}

// Whether the time in which so many octets had to come is over, and fewer have.
bool MessageStream::isTooSlow(std::size_t received) {
  rateOctets_ += received;
  const TimePoint now = stream_.shard().now();
  if (now - rateSince_ < rateTime) return false;
  rateSince_ = now;
  return std::exchange(rateOctets_, 0) < leastOctets;
}

Task<Result<ByteSpan, IoResult>> MessageStream::next(std::chrono::seconds idle) {
  const StopToken stop = co_await currentStopToken();
  Deadline deadline(stream_.shard(), idle, stop);
  for (std::size_t needed = missing(); needed > 0; needed = missing()) {
    if (begin_ > 0) std::copy(buffer_.data() + begin_, buffer_.data() + end_, buffer_.data());
    end_ -= std::exchange(begin_, 0);
    if (buffer_.size() < end_ + needed)
      buffer_.resize(end_ + needed > firstBufferSize ? fullBufferSize : firstBufferSize);
    const MutableByteSpan room = MutableByteSpan(buffer_).subspan(end_);
    const IoResult received = co_await stream_.readSome(room, deadline.token());
    if (!received) co_return Failure(deadline.expired() ? IoResult::failure(ETIMEDOUT) : received);
    if (received.value() == 0) co_return Failure(IoResult::failure(ENODATA));
    end_ += received.value();
    if (isTooSlow(received.value())) co_return Failure(IoResult::failure(ETIME));
    deadline.restart(idle);
  }
  const ByteSpan message = ByteSpan(buffer_).subspan(begin_ + lengthSize, loadU16(buffer_.data() + begin_));
  begin_ += lengthSize + message.size();
  co_return message;
}

}  // namespace taut
