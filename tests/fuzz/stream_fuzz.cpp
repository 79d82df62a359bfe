// A stream of frames, cut as the fuzz data says: the messages come out as if the stream had come in one piece.
#include <algorithm>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "taut/dns/query.hpp"
#include "taut/server/frame_decoder.hpp"

namespace stream_fuzz {

namespace {

using namespace taut;
using fuzz::require;

// The same decision made over the whole stream: walks the lengths, and compares each message that the decoder yields.
class Reference {
 public:
  explicit Reference(ByteSpan stream) : stream_(stream) {}

  void expect(ByteSpan message) {
    require(stream_.size() - position_ >= 2, "a message comes after its length");
    const std::size_t length = loadU16(stream_.data() + position_);
    require(stream_.size() - position_ >= 2 + length, "a message comes when all of it has arrived");
    require(std::ranges::equal(stream_.subspan(position_ + 2, length), message), "a message comes out as it was sent");
    position_ += 2 + length;
  }

  // Nothing that arrived whole is held back.
  void expectDone(std::size_t arrived, bool atBoundary) const {
    const std::size_t left = arrived - position_;
    require(left < 2 || left < 2u + loadU16(stream_.data() + position_), "no whole message is held back");
    require(atBoundary == (left == 0), "the boundary is where a message ended");
  }

 private:
  ByteSpan stream_;
  std::size_t position_ = 0;
};

}  // namespace

TAUT_FUZZ_TARGET(stream) {
  fuzz::Input input(data, size);
  const ByteSpan cuts = input.take(1u + (input.u8() & 15u));
  const ByteSpan stream = input.rest();

  FrameDecoder decoder;
  Reference reference(stream);
  std::size_t arrived = 0;
  for (std::size_t turn = 0; arrived < stream.size(); ++turn) {
    // Cuts of 1 to 16 octets, and some of a whole receive buffer.
    const std::size_t cut =
        cuts.empty() || cuts[turn % cuts.size()] >= 240 ? 4096 : 1u + cuts[turn % cuts.size()] % 16u;
    // A copy of its own, so that a look beyond it or after it is noticed.
    const std::size_t count = std::min(cut, stream.size() - arrived);
    std::vector<std::uint8_t> segment(stream.begin() + static_cast<std::ptrdiff_t>(arrived),
                                      stream.begin() + static_cast<std::ptrdiff_t>(arrived + count));
    decoder.feed(segment);
    arrived += count;
    // Now and then the segment is given back before its messages have been looked at.
    if (!cuts.empty() && cuts[turn % cuts.size()] % 3 == 0) {
      decoder.keepRest();
      segment.clear();
      segment.shrink_to_fit();
    }
    while (const auto message = decoder.next()) reference.expect(*message);
    decoder.keepRest();
    reference.expectDone(arrived, decoder.atBoundary());
    require(decoder.capacity() <= 2 * (2 + maxMessageSize + 4096), "the memory is bounded");
  }
  return 0;
}

}  // namespace stream_fuzz
