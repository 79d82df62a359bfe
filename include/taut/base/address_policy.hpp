// Who may ask: a list of networks, each allowed or refused. The first one that holds the client's address decides.
//
//   AddressPolicy policy(AddressPolicy::Action::refuse);   // for addresses in no network of the list
//   policy.allow("192.0.2.0/24").allow("2001:db8::/32");
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "taut/base/address.hpp"

namespace taut {

class AddressPolicy {
 public:
  enum class Action : std::uint8_t { allow, refuse };

  explicit AddressPolicy(Action otherwise = Action::allow) : otherwise_(otherwise) {}

  // A network as ADDRESS/LENGTH, or one address. Throws std::invalid_argument where it is neither, or where bits after
  // the prefix are set.
  AddressPolicy& allow(std::string_view network) { return add(network, Action::allow); }
  AddressPolicy& refuse(std::string_view network) { return add(network, Action::refuse); }

  // An IPv4 address that is mapped into IPv6 (RFC 4291 section 2.5.5.2) counts as the IPv4 address.
  bool allows(const Address& client) const {
    return rules_.empty() ? otherwise_ == Action::allow : firstMatch(client) == Action::allow;
  }

  // Whether there is no network in the list and all addresses are allowed.
  bool allowsAll() const { return rules_.empty() && otherwise_ == Action::allow; }

  // How many bits the longest allowed network of the list has that holds the address; nothing where none holds it.
  std::optional<std::uint8_t> longestMatch(const Address& client) const;

  // The same networks in the same order; two that differ may decide alike nevertheless.
  friend bool operator==(const AddressPolicy&, const AddressPolicy&) = default;

 private:
  struct Rule {
    Address network;
    std::uint8_t prefixBits;
    Action action;

    friend bool operator==(const Rule&, const Rule&) = default;
  };

  AddressPolicy& add(std::string_view network, Action action);
  Action firstMatch(const Address& client) const;

  std::vector<Rule> rules_;
  Action otherwise_;
};

}  // namespace taut
