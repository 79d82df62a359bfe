// The keys of SVCB parameters (RFC 9460 section 14.3.2): for each, the form of its value on the wire and in text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "taut/base/bytes.hpp"
#include "taut/dns/rdata/kind.hpp"

namespace taut::svc {

// What is wrong with a text; nothing where it is right.
using Problem = std::optional<std::string>;

struct Key {
  std::string_view name;
  std::uint16_t number;
  bool (*isValid)(ByteSpan value);
  Problem (*parse)(std::string_view value, rdata::Bytes& octets);  // null: no value may be given
  void (*print)(ByteSpan value, fmt::memory_buffer& out);
  bool (*hasText)(ByteSpan value);  // null: all values that are valid have one
};

namespace key {
inline constexpr std::uint16_t mandatory = 0;
inline constexpr std::uint16_t alpn = 1;
inline constexpr std::uint16_t noDefaultAlpn = 2;
inline constexpr std::uint16_t port = 3;
inline constexpr std::uint16_t ipv4hint = 4;
inline constexpr std::uint16_t ech = 5;
inline constexpr std::uint16_t ipv6hint = 6;
inline constexpr std::uint16_t dohpath = 7;             // RFC 9461
inline constexpr std::uint16_t ohttp = 8;               // RFC 9540
inline constexpr std::uint16_t tlsSupportedGroups = 9;  // draft-ietf-tls-key-share-prediction
inline constexpr std::uint16_t docpath = 10;            // draft-ietf-core-dns-over-coap
inline constexpr std::uint16_t invalid = 65535;
}  // namespace key

// Null for an unknown key, whose value may be any octets.
const Key* findKey(std::uint16_t number);

// A key's name, or key65280. Case matters, and numbers have no leading zeros (RFC 9460 section 2.1).
std::optional<std::uint16_t> parseKey(std::string_view word);
void printKey(std::uint16_t number, fmt::memory_buffer& out);

}  // namespace taut::svc
