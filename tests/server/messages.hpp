// Messages for tests: queries octet by octet, replies taken apart.
#pragma once

#include <cstdint>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/dns/query.hpp"
#include "taut/testing/query.hpp"
#include "taut/testing/reply.hpp"

namespace taut {

using Bytes = testing::Octets;
using testing::ednsOption;
using testing::makeQuery;
using testing::ParsedReply;
using testing::putU16;
using testing::QueryShape;

inline Bytes withId(Bytes message, std::uint16_t id) {
  storeU16(message.data(), id);
  return message;
}

// A query of the client.
inline Query queryFrom(const Address& client) {
  static const Bytes message = makeQuery("www.example.com", Type::A);
  return Query::parse(message, {client, Transport::udp}).value();
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

}  // namespace taut
