// Server cookies (RFC 7873) in the form that servers of one service agree on (RFC 9018): version 1, a timestamp, and
// SipHash-2-4 over both cookies' parts and the client's address. A client that returns a valid one has shown that it
// owns its address.
//
// Servers that share an address share the secrets. To change the secret while all cookies stay valid, append the new
// one everywhere, then put it first everywhere, and an hour later drop the old one (RFC 9018 section 5). Immutable, so
// that all shards use one object.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/clock.hpp"
#include "taut/dns/edns.hpp"

namespace taut {

class ServerCookies {
 public:
  using Secret = std::array<std::uint8_t, 16>;
  using Option = std::array<std::uint8_t, 24>;  // client cookie and server cookie

  static constexpr std::size_t maxSecrets = 8;  // each may cost a hash for a cookie that is wrong

  // The first secret makes cookies; a cookie of any of them is valid. Throws std::invalid_argument for none or too
  // many.
  explicit ServerCookies(std::vector<Secret> secrets);

  // 32 hexadecimal digits; nothing for anything else.
  static std::optional<Secret> parseSecret(std::string_view text);
  static Secret randomSecret();

  // A time as cookies have it: seconds since the epoch, modulo 2^32.
  static std::uint32_t timestamp(WallTime time);

  // Whether the query's server cookie was made by one of the secrets for this client, at most an hour ago and at most
  // five minutes from now (RFC 9018 section 4.3).
  bool isValid(const Cookie& cookie, const Address& client, std::uint32_t now) const;

  // The option for the reply to a query that has a client cookie: the query's own where it is valid, by the first
  // secret and at most half an hour old, or a new one.
  Option makeOption(const Cookie& cookie, const Address& client, std::uint32_t now) const;

 private:
  std::vector<Secret> secrets_;
};

}  // namespace taut
