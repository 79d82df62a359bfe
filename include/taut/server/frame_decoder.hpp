// Cuts a stream into messages: each is preceded by its length in two octets (RFC 1035 section 4.2.2, RFC 7766 section
// 8).
//
// The messages come out whole and in order, no matter how the stream is cut. A message that arrived in one piece is not
// copied. Of a message that did not, the received part is kept, in memory that grows with what has really arrived.
// Between two messages the decoder holds at most `keptSize` octets, so that a peer that always sends the length by
// itself costs no heap allocation for each message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "taut/base/bytes.hpp"
#include "taut/base/local_pool.hpp"

namespace taut {

class FrameDecoder {
 public:
  static constexpr std::size_t keptSize = 512;

  // The next octets of the stream, after `next` has returned nothing. They stay in place until it does so again, or
  // `keepRest` is called.
  void feed(ByteSpan octets) { input_ = octets; }

  // Whether a whole message is there.
  bool hasMessage() const;

  // The next whole message, which may be empty; nothing when more octets are needed. Valid until the next call.
  std::optional<ByteSpan> next();

  // Copies what `next` has not returned yet, so that the octets fed may go.
  void keepRest();

  // Octets of memory held for a message that is not whole yet.
  std::size_t capacity() const { return partial_.capacity(); }

  // Whether the stream is between two messages, so that its end loses nothing.
  bool atBoundary() const { return partial_.empty() && input_.empty(); }

 private:
  static constexpr std::size_t lengthSize = 2;

  void append(std::size_t count);
  void dropReturned();

  ByteSpan input_;            // fed and not looked at yet
  LocalBytes partial_;        // the beginning of what `input_` continues
  std::size_t returned_ = 0;  // octets of `partial_` that the last call of `next` returned
};

}  // namespace taut
