// Addresses in names: the names below in-addr.arpa (RFC 1035 section 3.5) and ip6.arpa (RFC 3596 section 2.5), whose
// PTR records name a host by its address, and addresses that are one label, such as 192-0-2-1.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "taut/base/address.hpp"
#include "taut/dns/name.hpp"

namespace taut {

// 1.2.0.192.in-addr.arpa of 192.0.2.1; of IPv6, 32 hexadecimal digits below ip6.arpa. Port and scope do not count. The
// root for the empty address.
Name reverseName(const Address& address);

// The address that a whole reverse name stands for. Nothing for other names, those of networks among them, and for
// numbers that reverseName() does not write: above 255, or with leading zeros.
std::optional<Address> addressOfReverseName(NameView name);

// 192-0-2-1, or 2001-db8-0-0-0-0-0-1: a label of letters, digits and hyphens within (RFC 1123 section 2.1), whatever
// the address. Empty for the empty address.
std::string addressLabel(const Address& address);

// Reads what addressLabel() writes, and IPv6 addresses with two hyphens for a run of zeros, 2001-db8--1. Nothing for
// other text.
std::optional<Address> addressOfLabel(std::string_view label);

}  // namespace taut
