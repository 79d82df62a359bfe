// Who may ask, by where a query comes from, by the key that it is signed with, or by both together.
//
//   AccessList transfers(AddressPolicy(AddressPolicy::Action::refuse).allow("192.0.2.1"));   // from there, signed or
//   not transfers.allow(AddressPolicy(), {Name("transfer.example")});                             // from anywhere,
//   signed
#pragma once

#include <utility>
#include <vector>

#include "taut/base/address_policy.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/query.hpp"

namespace taut {

class AccessList {
 public:
  // Allows the addresses that the policy allows, all at first, whether a query is signed or not.
  AccessList(AddressPolicy networks = AddressPolicy()) : networks_(std::move(networks)) {}

  // Allows queries too that come from an address which the policy allows and are signed with a key of one of the names.
  AccessList& allow(AddressPolicy networks, std::vector<Name> keys);

  bool allows(const Query& query) const { return networks_.allowsAll() || decide(query); }

  // The same entries in the same order; two that differ may decide alike nevertheless.
  friend bool operator==(const AccessList&, const AccessList&) = default;

 private:
  struct Entry {
    AddressPolicy networks;
    std::vector<Name> keys;

    friend bool operator==(const Entry&, const Entry&) = default;
  };

  // Apart, so that the steps of a query take it in where everyone is allowed.
  bool decide(const Query& query) const;

  AddressPolicy networks_;
  std::vector<Entry> signed_;
};

}  // namespace taut
