#include "taut/base/bytes.hpp"

#include <array>
#include <cstdint>

#include <doctest/doctest.h>

namespace taut::bytes_test {

TEST_CASE("Numbers are read and written with the most significant octet first") {
  std::array<std::uint8_t, 6> octets{};
  storeU16(octets.data(), 0x0102);
  storeU32(octets.data() + 2, 0x03040506);
  CHECK(octets == std::array<std::uint8_t, 6>{1, 2, 3, 4, 5, 6});
  CHECK(loadU16(octets.data() + 1) == 0x0203);
  CHECK(loadU32(octets.data() + 1) == 0x02030405);
}

TEST_CASE("A reader yields what a writer wrote, whatever the width") {
  std::array<std::uint8_t, 32> buffer{};
  ByteWriter writer{MutableByteSpan(buffer)};
  writer.u8(0xfe);
  writer.u16(0xfedc);
  writer.u32(0xfedcba98);
  writer.u48(0xfedcba987654);
  writer.u64(0xfedcba9876543210);
  writer.bytes(asBytes("taut"));
  REQUIRE(writer.ok());
  CHECK(writer.size() == 25);
  CHECK(writer.remaining() == 7);

  ByteReader reader(writer.written());
  CHECK(reader.u8() == 0xfe);
  CHECK(reader.u16() == 0xfedc);
  CHECK(reader.u32() == 0xfedcba98);
  CHECK(reader.u48() == 0xfedcba987654);
  CHECK(reader.u64() == 0xfedcba9876543210);
  CHECK(reader.position() == 21);
  CHECK(asText(reader.takeRest()) == "taut");
  CHECK(reader.atEnd());
}

TEST_CASE("The first read beyond the end fails the reader for good, and moves nothing") {
  const std::array<std::uint8_t, 7> octets = {1, 2, 3, 4, 5, 6, 7};
  const auto failsAt = [&](std::size_t start, auto read) {
    ByteReader reader(octets, start);
    CHECK(read(reader) == 0);
    CHECK_FALSE(reader.ok());
    CHECK_FALSE(reader.atEnd());
    CHECK(reader.position() == start);
    CHECK(reader.remaining() == 0);
    CHECK(reader.u8() == 0);
    CHECK(reader.take(0).empty());
    CHECK(reader.takeRest().empty());
    CHECK(reader.position() == start);
  };
  failsAt(7, [](ByteReader& reader) { return reader.u8(); });
  failsAt(6, [](ByteReader& reader) { return reader.u16(); });
  failsAt(4, [](ByteReader& reader) { return reader.u32(); });
  failsAt(2, [](ByteReader& reader) { return reader.u48(); });
  failsAt(1, [](ByteReader& reader) { return reader.u64(); });
  failsAt(3, [](ByteReader& reader) { return reader.take(5).size(); });
  failsAt(3, [](ByteReader& reader) { return reader.take(SIZE_MAX).size(); });
}

TEST_CASE("A reader that begins beyond the end has failed from the start") {
  const std::array<std::uint8_t, 2> octets = {1, 2};
  CHECK(ByteReader(octets, 2).atEnd());
  ByteReader beyond(octets, 3);
  CHECK_FALSE(beyond.ok());
  CHECK(beyond.remaining() == 0);
  CHECK(beyond.u8() == 0);
}

TEST_CASE("A writer never writes beyond its end, and says so until it is rewound") {
  std::array<std::uint8_t, 10> buffer{};
  buffer.fill(0xaa);
  ByteWriter writer{MutableByteSpan(buffer).first(5)};
  writer.u32(1);
  writer.u16(0xffff);
  CHECK_FALSE(writer.ok());
  CHECK(writer.size() == 4);
  writer.u8(0xff);  // there would be room, but a hole is worse than nothing
  CHECK(writer.size() == 4);
  CHECK(buffer[4] == 0xaa);

  writer.rewind(2);
  CHECK(writer.ok());
  writer.u64(0xffffffffffffffff);
  CHECK(writer.size() == 2);
  writer.rewind(0);
  writer.u48(0xffffffffffff);
  CHECK(writer.size() == 0);
  writer.rewind(0);
  writer.bytes(ByteSpan(buffer).subspan(0, 6));
  CHECK(writer.size() == 0);
  CHECK(buffer[5] == 0xaa);
}

TEST_CASE("Only octets that were written can be patched") {
  std::array<std::uint8_t, 8> buffer{};
  ByteWriter writer{MutableByteSpan(buffer)};
  writer.u32(0);
  writer.patchU16(2, 0x0102);
  writer.patchU16(3, 0xffff);
  writer.patchU16(SIZE_MAX, 0xffff);
  CHECK(buffer == std::array<std::uint8_t, 8>{0, 0, 1, 2, 0, 0, 0, 0});
  writer.fail();
  writer.patchU16(0, 0xffff);
  CHECK(buffer[0] == 0);
}

TEST_CASE("An empty span has nothing to read and no room to write") {
  ByteReader reader(ByteSpan{});
  CHECK(reader.atEnd());
  CHECK(reader.takeRest().empty());
  CHECK(reader.ok());
  ByteWriter writer{MutableByteSpan{}};
  writer.bytes({});
  CHECK(writer.ok());
  writer.u8(1);
  CHECK_FALSE(writer.ok());
}

}  // namespace taut::bytes_test
