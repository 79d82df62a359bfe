// Messages for tests: queries octet by octet, replies taken apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/edns.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"

namespace taut {

using Bytes = std::vector<std::uint8_t>;

struct QueryShape {
  std::uint16_t id = 0x1234;
  std::uint16_t flags = flag::RD;
  Opcode opcode = Opcode::QUERY;
  std::optional<std::uint16_t> payloadSize;  // with OPT where there is one
  std::uint8_t ednsVersion = 0;
  std::vector<std::uint8_t> options;  // of OPT, encoded
};

inline void putU16(Bytes& bytes, std::size_t value) {
  bytes.push_back(static_cast<std::uint8_t>(value >> 8));
  bytes.push_back(static_cast<std::uint8_t>(value));
}

inline Bytes makeQuery(std::string_view name, Type type, const QueryShape& shape = {}) {
  Bytes bytes;
  putU16(bytes, shape.id);
  putU16(bytes, shape.flags | static_cast<std::size_t>(shape.opcode) << 11);
  for (const std::size_t count : {1u, 0u, 0u, shape.payloadSize ? 1u : 0u}) putU16(bytes, count);
  const Name wire{name};
  bytes.insert(bytes.end(), wire.data(), wire.data() + wire.size());
  putU16(bytes, static_cast<std::uint16_t>(type));
  putU16(bytes, static_cast<std::uint16_t>(Class::IN));
  if (shape.payloadSize) {
    bytes.push_back(0);
    putU16(bytes, static_cast<std::uint16_t>(Type::OPT));
    putU16(bytes, *shape.payloadSize);
    bytes.insert(bytes.end(), {0, shape.ednsVersion, 0, 0});
    putU16(bytes, shape.options.size());
    bytes.insert(bytes.end(), shape.options.begin(), shape.options.end());
  }
  return bytes;
}

inline Bytes ednsOption(EdnsOption code, const Bytes& data) {
  Bytes bytes;
  putU16(bytes, static_cast<std::size_t>(code));
  putU16(bytes, data.size());
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

inline Bytes withId(Bytes message, std::uint16_t id) {
  storeU16(message.data(), id);
  return message;
}

// With its length before it, as a stream carries it.
inline Bytes framed(ByteSpan message) {
  Bytes bytes;
  putU16(bytes, message.size());
  bytes.insert(bytes.end(), message.begin(), message.end());
  return bytes;
}

inline Bytes& operator+=(Bytes& left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

// A reply, all of which parses; anything else throws.
struct ParsedReply {
  explicit ParsedReply(ByteSpan message) {
    auto view = MessageView::parse(message);
    id = view.value().id();
    flags = view->flags();
    opcode = view->opcode();
    rcode = view->rcode();
    question = view->nextQuestion();
    while (const auto record = view->nextRecord()) {
      if (record->type == Type::OPT) {
        hasOpt = true;
        const ByteSpan rdata = message.subspan(record->rdataOffset, record->rdataSize);
        options.assign(rdata.begin(), rdata.end());
        extendedRcode = static_cast<std::uint16_t>(record->ttl >> 24 << 4 | static_cast<std::uint16_t>(rcode));
      } else {
        ++counts[static_cast<std::size_t>(record->section)];
      }
    }
    whole = view->ok();
  }

  // The data of an option of OPT; nothing where there is none.
  std::optional<Bytes> option(EdnsOption code) const {
    ByteReader reader{ByteSpan(options)};
    while (reader.ok() && reader.remaining() > 0) {
      const auto found = static_cast<EdnsOption>(reader.u16());
      const ByteSpan data = reader.take(reader.u16());
      if (found == code) return Bytes(data.begin(), data.end());
    }
    return std::nullopt;
  }

  bool has(std::uint16_t bit) const { return (flags & bit) != 0; }

  std::uint16_t id = 0;
  std::uint16_t flags = 0;
  Opcode opcode{};
  Rcode rcode{};
  std::uint16_t extendedRcode = 0;
  std::optional<Question> question;
  std::size_t counts[3] = {};  // by section, OPT not counted
  bool hasOpt = false;
  Bytes options;  // of OPT, encoded
  bool whole = false;
};

}  // namespace taut
