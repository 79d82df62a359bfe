// Queries as clients send them, from text.
//
//   testing::query("www.example.com", Type::A)
//   testing::query("www.example.com", Type::A, {.dnssecOk = true, .transport = Transport::tcp})
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/dns/client.hpp"
#include "taut/dns/edns.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/type.hpp"

namespace taut::testing {

using Octets = std::vector<std::uint8_t>;

// What a query has beside its question. It has OPT where one of the fields of OPT is set.
struct QueryShape {
  std::uint16_t id = 0x1234;
  std::uint16_t flags = flag::RD;
  Opcode opcode = Opcode::QUERY;
  std::optional<std::uint16_t> payloadSize{};             // octets, in OPT; 1232 in an OPT that other fields ask for
  std::uint8_t ednsVersion = 0;                           // in OPT, which it does not ask for
  bool dnssecOk = false;                                  // the DO bit of OPT
  std::optional<ClientSubnet> clientSubnet{};             // in OPT (RFC 7871)
  Octets options{};                                       // further ones of OPT, encoded (`ednsOption`)
  Address client = Address::v4({192, 0, 2, 100}, 53211);  // where the query comes from
  Transport transport = Transport::udp;

  bool hasOpt() const { return payloadSize || dnssecOk || clientSubnet || !options.empty(); }
};

inline void putU16(Octets& octets, std::size_t value) {
  octets.push_back(static_cast<std::uint8_t>(value >> 8));
  octets.push_back(static_cast<std::uint8_t>(value));
}

inline Octets ednsOption(EdnsOption code, ByteSpan data) {
  Octets octets;
  putU16(octets, static_cast<std::size_t>(code));
  putU16(octets, data.size());
  octets.insert(octets.end(), data.begin(), data.end());
  return octets;
}

namespace detail {

inline void putOpt(Octets& octets, const QueryShape& shape) {
  Octets options = shape.options;
  if (shape.clientSubnet) {
    Octets data(shape.clientSubnet->size());
    ByteWriter writer{MutableByteSpan(data)};
    shape.clientSubnet->write(writer, 0);
    const Octets option = ednsOption(EdnsOption::CLIENT_SUBNET, data);
    options.insert(options.begin(), option.begin(), option.end());
  }
  octets.push_back(0);  // the root
  putU16(octets, static_cast<std::uint16_t>(Type::OPT));
  putU16(octets, shape.payloadSize.value_or(defaultUdpSize));
  octets.insert(octets.end(), {0, shape.ednsVersion, static_cast<std::uint8_t>(shape.dnssecOk ? 0x80 : 0), 0});
  putU16(octets, options.size());
  octets.insert(octets.end(), options.begin(), options.end());
}

}  // namespace detail

// The octets of a query. Throws std::invalid_argument for text that is no name.
inline Octets makeQuery(std::string_view name, Type type, const QueryShape& shape = {}) {
  Octets octets;
  putU16(octets, shape.id);
  putU16(octets, shape.flags | static_cast<std::size_t>(shape.opcode) << 11);
  for (const std::size_t count : {1u, 0u, 0u, shape.hasOpt() ? 1u : 0u}) putU16(octets, count);
  const Name wire{name};
  octets.insert(octets.end(), wire.data(), wire.data() + wire.size());
  putU16(octets, static_cast<std::uint16_t>(type));
  putU16(octets, static_cast<std::uint16_t>(Class::IN));
  if (shape.hasOpt()) detail::putOpt(octets, shape);
  return octets;
}

// A query that was received, together with its octets. Goes wherever a `const Query&` does, and lives as long as what
// it was given to.
class ReceivedQuery {
 public:
  // Throws std::bad_optional_access for octets that no server takes for a query (`Query::parse`).
  ReceivedQuery(Octets message, const QueryClient& client)
      : message_(std::move(message)), query_(Query::parse(message_, client).value()) {}
  ReceivedQuery(ReceivedQuery&&) = default;  // the octets stay where they are
  ReceivedQuery(const ReceivedQuery&) = delete;

  const Octets& message() const { return message_; }
  operator const Query&() const { return query_; }
  const Query& operator*() const { return query_; }
  const Query* operator->() const { return &query_; }
  Query* operator->() { return &query_; }

 private:
  Octets message_;
  Query query_;
};

inline ReceivedQuery query(std::string_view name, Type type, const QueryShape& shape = {}) {
  QueryClient client;
  client.peer = shape.client;
  client.transport = shape.transport;
  return ReceivedQuery(makeQuery(name, type, shape), client);
}

}  // namespace taut::testing
