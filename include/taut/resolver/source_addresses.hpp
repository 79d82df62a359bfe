// The addresses of this host that other servers are asked from.
#pragma once

#include <utility>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/random.hpp"

namespace taut {

class SourceAddresses {
 public:
  SourceAddresses() = default;
  explicit SourceAddresses(std::vector<Address> addresses) : addresses_(std::move(addresses)) {}

  const std::vector<Address>& all() const { return addresses_; }

  // One of the server's family, at random where there are several: a forger has to guess it. Empty where there is none:
  // the system chooses.
  Address choose(const Address& server) const {
    Address chosen;
    unsigned count = 0;
    for (const Address& address : addresses_)
      if (address.isV4() == server.isV4() && randomU16() % ++count == 0) chosen = address;
    return chosen;
  }

 private:
  std::vector<Address> addresses_;
};

}  // namespace taut
