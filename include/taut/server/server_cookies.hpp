// Server cookies (RFC 7873) in the form that servers of one service agree on (RFC 9018): version 1, a timestamp, and
// SipHash-2-4 over both cookies' parts and the client's address. A client that returns a valid one has shown that it
// owns its address.
//
// Servers behind one address share the secret. To change it without refusing anybody, give the new one as the first and
// the old one as the second everywhere; an hour later the old one may go (RFC 9018 section 5).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "taut/base/address.hpp"
#include "taut/base/siphash.hpp"
#include "taut/dns/edns.hpp"

namespace taut {

class ServerCookies {
 public:
  using Secret = SipHashKey;
  using Option = std::array<std::uint8_t, 24>;  // client cookie and server cookie

  explicit ServerCookies(const Secret& secret, const std::optional<Secret>& previous = std::nullopt)
      : secret_(secret), previous_(previous) {}

  // 32 hexadecimal digits; nothing for anything else.
  static std::optional<Secret> parseSecret(std::string_view text);
  static Secret randomSecret();

  // `now` is in seconds since the epoch, modulo 2^32 (RFC 9018 section 4.3: serial number arithmetic).
  bool isValid(const Cookie& cookie, const Address& client, std::uint32_t now) const;

  // The option for the reply to a query with a client cookie: the query's own where it is valid and fresh, or a new one.
  Option makeOption(const Cookie& cookie, const Address& client, std::uint32_t now) const;

 private:
  bool matches(const Secret& secret, const Cookie& cookie, const Address& client) const;

  Secret secret_;
  std::optional<Secret> previous_;
};

}  // namespace taut
