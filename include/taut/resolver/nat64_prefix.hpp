// The prefix by which a network's NAT64 gives IPv4 addresses a place in IPv6 (RFC 6052 section 2.2): its 32, 40, 48,
// 56, 64 or 96 bits, then the IPv4 address, around the octet 8, which is 0, and then zeros.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "taut/base/address.hpp"

namespace taut {

class Nat64Prefix {
 public:
  // 64:ff9b::/96, the well-known one (RFC 6052 section 2.1).
  Nat64Prefix() = default;

  // `2001:db8:64::/96`. Nothing where the text is no prefix of IPv6 of one of the lengths above, where a bit after the
  // prefix is set, or one of the octet 8.
  static std::optional<Nat64Prefix> parse(std::string_view text);

  // Of an IPv4 address. Without a port.
  Address embed(const Address& v4) const;
  // The IPv4 address in one of IPv6; nothing where that has another prefix, or a bit of the octet 8. What comes after
  // the IPv4 address does not matter (RFC 6052 section 2.3).
  std::optional<Address> extract(const Address& v6) const;

  // Whether an IPv4 address may be embedded: by the well-known prefix not those that have a meaning in one network or
  // on one host alone, nor those of no host (RFC 6052 section 3.1). Those for documents may, as in RFC 6147.
  bool mayEmbed(const Address& v4) const;

  friend bool operator==(const Nat64Prefix&, const Nat64Prefix&) = default;

 private:
  Nat64Prefix(const Address& prefix, std::uint8_t bits) : prefix_(prefix), bits_(bits) {}

  Address prefix_ = Address::v6({0, 0x64, 0xff, 0x9b});
  std::uint8_t bits_ = 96;
};

}  // namespace taut
