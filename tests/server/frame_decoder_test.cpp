#include "taut/server/frame_decoder.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

#include "messages.hpp"

namespace frame_decoder_test {

namespace {

using namespace taut;
using Messages = std::vector<Bytes>;

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  return bytes;
}

Bytes streamOf(const Messages& messages) {
  Bytes stream;
  for (const Bytes& message : messages) stream += framed(message);
  return stream;
}

// Each piece in memory of its own that is gone before the next one comes.
void feed(FrameDecoder& decoder, ByteSpan piece, Messages& messages) {
  const Bytes copy(piece.begin(), piece.end());
  decoder.feed(copy);
  while (const auto message = decoder.next()) messages.emplace_back(message->begin(), message->end());
  decoder.keepRest();
}

const Messages threeMessages = {pattern(12), pattern(0), pattern(29)};

}  // namespace

TEST_CASE("a stream that is cut in two anywhere gives the same messages") {
  const Bytes stream = streamOf(threeMessages);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    FrameDecoder decoder;
    Messages messages;
    feed(decoder, ByteSpan(stream).first(cut), messages);
    feed(decoder, ByteSpan(stream).subspan(cut), messages);
    CHECK(messages == threeMessages);
    CHECK(decoder.atBoundary());
  }
}

TEST_CASE("a stream that comes octet by octet gives the same messages") {
  const Bytes stream = streamOf(threeMessages);
  FrameDecoder decoder;
  Messages messages;
  for (const std::uint8_t octet : stream) feed(decoder, ByteSpan(&octet, 1), messages);
  CHECK(messages == threeMessages);
}

TEST_CASE("messages in one segment come out one by one, without a copy") {
  const Bytes stream = streamOf(threeMessages);
  FrameDecoder decoder;
  decoder.feed(stream);
  const auto first = decoder.next();
  REQUIRE(first);
  CHECK(first->data() == stream.data() + 2);
  CHECK(decoder.next()->empty());
  CHECK(decoder.next()->size() == 29);
  CHECK_FALSE(decoder.next());
  CHECK(decoder.atBoundary());
  CHECK(decoder.capacity() == 0);
}

TEST_CASE("what was kept survives the segment that it came in, with the message in front of it") {
  Bytes stream = streamOf(threeMessages);
  FrameDecoder decoder;
  decoder.feed(stream);
  const auto first = decoder.next();
  REQUIRE(first);
  decoder.keepRest();
  stream.assign(stream.size(), 0xff);
  CHECK(decoder.next()->empty());
  const auto third = decoder.next();
  REQUIRE(third);
  CHECK(Bytes(third->begin(), third->end()) == threeMessages[2]);
  CHECK_FALSE(decoder.next());
}

TEST_CASE("the largest message comes out whole from any pieces, and its memory is given back") {
  const Messages largest = {pattern(65535), pattern(12)};
  const Bytes stream = streamOf(largest);
  for (const std::size_t size : {1000u, 4096u, 65535u, 65536u, 65537u}) {
    FrameDecoder decoder;
    Messages messages;
    for (std::size_t at = 0; at < stream.size(); at += size)
      feed(decoder, ByteSpan(stream).subspan(at, std::min(size, stream.size() - at)), messages);
    CHECK(messages == largest);
    CHECK_FALSE(decoder.next());
    CHECK(decoder.capacity() <= FrameDecoder::keptSize);
  }
}

TEST_CASE("a length that promises much costs no memory until the octets come") {
  FrameDecoder decoder;
  Messages messages;
  const Bytes beginning = {0xff, 0xff, 1, 2, 3};
  feed(decoder, beginning, messages);
  CHECK(messages.empty());
  CHECK_FALSE(decoder.atBoundary());
  CHECK(decoder.capacity() < 64);
}

}  // namespace frame_decoder_test
