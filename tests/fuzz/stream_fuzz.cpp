// A stream of frames, cut as the fuzz data says: the messages come out as if the stream had come in one piece.
#include <algorithm>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "taut/dns/query.hpp"
#include "taut/server/frame_decoder.hpp"

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

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const ByteSpan cuts = input.take(1u + (input.u8() & 15u));
  const ByteSpan stream = input.rest();

  FrameDecoder decoder;
  Reference reference(stream);
  std::size_t arrived = 0;
  for (std::size_t turn = 0; arrived < stream.size(); ++turn) {
    const MutableByteSpan space = decoder.space();
    require(!space.empty(), "there is room for more");
    // Cuts of 1 to 16 octets, and some that take all there is room for.
    const std::size_t cut =
        cuts.empty() || cuts[turn % cuts.size()] >= 240 ? space.size() : 1u + cuts[turn % cuts.size()] % 16u;
    const std::size_t count = std::min({cut, space.size(), stream.size() - arrived});
    std::copy_n(stream.begin() + static_cast<std::ptrdiff_t>(arrived), count, space.begin());
    decoder.commit(count);
    arrived += count;
    while (const auto message = decoder.next()) reference.expect(*message);
    reference.expectDone(arrived, decoder.atBoundary());
    require(decoder.capacity() <= 2 + maxMessageSize, "the buffer is bounded");
  }
  return 0;
}
