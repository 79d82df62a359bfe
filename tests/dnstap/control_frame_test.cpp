#include "taut/dnstap/control_frame.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace control_frame_test {

using namespace std::string_view_literals;
using taut::asBytes;
using taut::ByteSpan;
using taut::ControlFrame;
using taut::ControlType;

namespace {

std::string field(std::string_view content, std::uint8_t type = 1) {
  std::string text("\0\0\0\0\0\0\0\0"sv);
  text[3] = static_cast<char>(type);
  text[6] = static_cast<char>(content.size() >> 8);
  text[7] = static_cast<char>(content.size() & 0xff);
  return text.append(content);
}

const std::string accept("\0\0\0\1"sv);

}  // namespace

TEST_CASE("READY and START name the content type of dnstap, and STOP none") {
  const std::string content = field("protobuf:dnstap.Dnstap");
  const auto text = [](const std::vector<std::uint8_t>& octets) { return std::string(octets.begin(), octets.end()); };
  CHECK(text(ControlFrame::write(ControlType::ready)) == std::string("\0\0\0\0\0\0\0\x22\0\0\0\4"sv) + content);
  CHECK(text(ControlFrame::write(ControlType::start)) == std::string("\0\0\0\0\0\0\0\x22\0\0\0\2"sv) + content);
  CHECK(text(ControlFrame::write(ControlType::stop)) == "\0\0\0\0\0\0\0\4\0\0\0\3"sv);
}

TEST_CASE("the header of a control frame has a zero and a size within the limit") {
  CHECK(ControlFrame::sizeAfter(asBytes("\0\0\0\0\0\0\0\4"sv)) == 4);
  CHECK(ControlFrame::sizeAfter(asBytes("\0\0\0\0\0\0\2\0"sv)) == 512);
  CHECK_FALSE(ControlFrame::sizeAfter(asBytes("\0\0\0\0\0\0\2\1"sv)));
  CHECK_FALSE(ControlFrame::sizeAfter(asBytes("\0\0\0\0\0\0\0\3"sv)));
  CHECK_FALSE(ControlFrame::sizeAfter(asBytes("\0\0\0\1\0\0\0\4"sv)));
  CHECK_FALSE(ControlFrame::sizeAfter(asBytes("\0\0\0\0\0\0\0"sv)));
}

TEST_CASE("a reader takes dnstap that names its content type, among others or not, or names none") {
  const auto takes = [](const std::string& text) {
    const auto frame = ControlFrame::parse(asBytes(text));
    REQUIRE(frame);
    CHECK(frame->type == ControlType::accept);
    return frame->takesDnstap();
  };
  CHECK(takes(accept));
  CHECK(takes(accept + field("protobuf:dnstap.Dnstap")));
  CHECK(takes(accept + field("text") + field("protobuf:dnstap.Dnstap")));
  CHECK_FALSE(takes(accept + field("text")));
  CHECK_FALSE(takes(accept + field("")));
}

TEST_CASE("what is not well-formed is no control frame") {
  const std::string content = field("protobuf:dnstap.Dnstap");
  for (const std::string& text :
       {std::string(), std::string("\0\0\1"sv), std::string("\0\0\0\0"sv), std::string("\0\0\0\6"sv),
        accept + std::string("\0"sv), accept + content.substr(0, content.size() - 1), accept + field("x", 2),
        accept + field(std::string(257, 'x')), std::string("\0\0\0\5"sv) + content}) {
    CAPTURE(text);
    CHECK_FALSE(ControlFrame::parse(asBytes(text)));
  }
}

TEST_CASE("what is written is read") {
  for (const ControlType type : {ControlType::ready, ControlType::start, ControlType::stop}) {
    const auto octets = ControlFrame::write(type);
    const ByteSpan frame(octets);
    CHECK(ControlFrame::sizeAfter(frame.first(ControlFrame::headerSize)) == frame.size() - ControlFrame::headerSize);
    const auto parsed = ControlFrame::parse(frame.subspan(ControlFrame::headerSize));
    REQUIRE(parsed);
    CHECK(parsed->type == type);
    CHECK(parsed->takesDnstap());
  }
}

}  // namespace control_frame_test
