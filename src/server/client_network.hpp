// One client for response-rate limiting: an IPv4 /24 or an IPv6 /56, which is what one customer usually has. A flood
// with forged addresses can spread over such a network without missing its victim.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "taut/base/address.hpp"

namespace taut {

// The first octets of an address, `v4PrefixOctets` of IPv4 and seven (a /56) of IPv6: the same number for the addresses
// of one network, and another for every other network. The family's octets are in the highest one, the prefix
// left-aligned below.
std::uint64_t networkNumber(const Address& client, std::size_t v4PrefixOctets);
// The network of such a number: `192.0.2.0/24`, or the address alone where that is all of it.
std::string networkText(std::uint64_t number, std::size_t v4PrefixOctets);

class ClientNetwork {
 public:
  ClientNetwork() = default;
  explicit ClientNetwork(const Address& client);

  // Different for different networks.
  std::uint64_t number() const { return number_; }

  std::string toString() const;  // `192.0.2.0/24`

  friend bool operator==(const ClientNetwork&, const ClientNetwork&) = default;

 private:
  std::uint64_t number_ = 0;  // as networkNumber gives it
};

}  // namespace taut
