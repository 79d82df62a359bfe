// The control frames of frame streams, by which a writer and a reader of dnstap agree on what is exchanged and how it
// ends (https://github.com/farsightsec/fstrm):
//
//   writer: READY, with the types of content that it has       reader: ACCEPT, with those that it wants
//   writer: START, with the one that follows; data frames; STOP       reader: FINISH
//
// In place of a length, a control frame has a zero and then its own length. What a reader sends is not trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "taut/base/bytes.hpp"

namespace taut {

inline constexpr std::string_view dnstapContentType = "protobuf:dnstap.Dnstap";

enum class ControlType : std::uint32_t { accept = 1, start = 2, stop = 3, ready = 4, finish = 5 };

struct ControlFrame {
  static constexpr std::size_t headerSize = 8;        // octets: the zero and the length
  static constexpr std::size_t maxSize = 512;         // octets after the header
  static constexpr std::size_t maxContentType = 256;  // octets

  ControlType type;
  bool anyContent = true;  // it names no type of content
  bool hasDnstap = false;  // it names that of dnstap

  bool takesDnstap() const { return anyContent || hasDnstap; }

  // How many octets follow the header; nothing for what does not begin a control frame, or one that is too long.
  static std::optional<std::size_t> sizeAfter(ByteSpan header);
  // Reads what follows the header. Nothing for what is not well-formed, or of a type that does not exist.
  static std::optional<ControlFrame> parse(ByteSpan octets);
  // The whole frame, header included. READY and START have the content type of dnstap, STOP has none.
  static std::vector<std::uint8_t> write(ControlType type);
};

}  // namespace taut
