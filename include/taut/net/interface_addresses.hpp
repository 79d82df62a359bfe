// The addresses that the interfaces of this system have now.
#pragma once

#include <vector>

#include "taut/base/address.hpp"

namespace taut {

// Of the family of `wildcard`, with its port, in the order in which the system lists them. Without link-local ones,
// which differ only by interface. Empty where the system does not say.
std::vector<Address> interfaceAddresses(const Address& wildcard);

}  // namespace taut
