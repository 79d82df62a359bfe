#include "signing_channel.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace taut {

namespace {

// Names that nobody has made a key of may leave no room for a reply beside them.
std::size_t roomFor(const TsigRequest& request, const TsigSigner& signer, std::size_t limit) {
  constexpr std::size_t leastReply = messageHeaderSize + maxNameSize + 4;
  const bool isSigned = !request.malformed && (request.key || signer.room() + leastReply <= limit);
  return isSigned ? signer.room() : 0;
}

}  // namespace

std::uint64_t tsigTime(const Clock& clock) {
  const auto since = std::chrono::duration_cast<std::chrono::seconds>(clock.wallTime().time_since_epoch());
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, since.count()));
}

SigningChannel::SigningChannel(ReplyChannel& under, const Query& query, TsigRequest request, const Clock& clock)
    : under_(under),
      query_(query),
      request_(std::move(request)),
      clock_(clock),
      signer_(request_),
      next_(signer_),
      room_(roomFor(request_, signer_, query.replyLimit())) {
  query.setContext(Place{this});
}

SigningChannel::~SigningChannel() {
  query_.context<Place>()->channel = nullptr;
}

SigningChannel* SigningChannel::of(const Query& query) {
  const Place* const place = query.hasTsig() ? query.context<Place>() : nullptr;
  return place ? place->channel : nullptr;
}

// What was signed and has not been written is given up with this, such as a reply that failed on its way.
MutableByteSpan SigningChannel::replyBuffer() {
  sealed_ = 0;
  const MutableByteSpan whole = isClosed() ? MutableByteSpan() : under_.replyBuffer();
  const std::size_t size = std::min(whole.size(), query_.replyLimit());
  return whole.first(size > room_ ? size - room_ : 0);
}

ByteSpan SigningChannel::seal(std::size_t size) {
  const MutableByteSpan whole = under_.replyBuffer();
  sealed_ = size;
  next_ = signer_;
  if (room_ != 0 && size >= messageHeaderSize) sealed_ = next_.sign(whole, size, tsigTime(clock_));
  return whole.first(sealed_);
}

Task<> SigningChannel::send(std::size_t size) {
  if (sealed_ == 0) seal(size);
  signer_ = next_;
  return under_.write(std::exchange(sealed_, 0));
}

}  // namespace taut
