#include "taut/dns/access_list.hpp"

#include <algorithm>

#include "taut/dns/tsig_key.hpp"

namespace taut {

AccessList& AccessList::allow(AddressPolicy networks, std::vector<Name> keys) {
  signed_.push_back({std::move(networks), std::move(keys)});
  return *this;
}

bool AccessList::decide(const Query& query) const {
  if (networks_.allows(query.peer())) return true;
  const TsigKey* const key = signed_.empty() ? nullptr : query.key();
  return key && std::ranges::any_of(signed_, [&](const Entry& entry) {
           return std::ranges::find(entry.keys, key->name) != entry.keys.end() && entry.networks.allows(query.peer());
         });
}

}  // namespace taut
