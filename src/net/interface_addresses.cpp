#include "taut/net/interface_addresses.hpp"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstddef>
#include <memory>

namespace taut {

std::vector<Address> interfaceAddresses(const Address& wildcard) {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> list(first, &::freeifaddrs);
  const std::size_t length = wildcard.isV6() ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  std::vector<Address> found;
  for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != wildcard.family()) continue;
    const Address address = Address::fromSockaddr(entry->ifa_addr, length).withPort(wildcard.port());
    if (!address.isLinkLocal() && std::ranges::find(found, address) == found.end()) found.push_back(address);
  }
  return found;
}

}  // namespace taut
