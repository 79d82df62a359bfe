// Who may transfer which zones (RFC 5936 section 5), and what a server has for it. Without a rule for a zone nobody
// may.
//
//   TransferSettings settings;
//   settings.allow(Name("example.com"), AddressPolicy(AddressPolicy::Action::refuse).allow("192.0.2.53"));
//   factory.setTransfers(shard, settings);
//
// The shards of a server have the same settings, and so one quota.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "taut/dns/access_list.hpp"
#include "taut/dns/name.hpp"
#include "taut/server/transfer_quota.hpp"
#include "taut/zone/difference_source.hpp"

namespace taut {

class TransferSettings {
 public:
  static constexpr std::size_t defaultAtOnce = 100;
  static constexpr std::size_t defaultOfClient = 20;

  // Who may transfer the zone of this origin; with a view, the view's own zone. The last call for a zone counts.
  void allow(NameView origin, AccessList clients, std::string_view view = {}) {
    rules_.insert_or_assign(keyOf(origin, view), std::move(clients));
  }
  // Null where nobody may.
  const AccessList* find(NameView origin, std::string_view view) const {
    const auto found = rules_.find(keyOf(origin, view));
    return found == rules_.end() ? nullptr : &found->second;
  }

  // Where differences for incremental transfers come from; null, as at first, for none: then a whole zone is sent in
  // their place.
  std::shared_ptr<const DifferenceSource> differences;
  // Never null.
  std::shared_ptr<TransferQuota> quota = std::make_shared<TransferQuota>(defaultAtOnce, defaultOfClient);

 private:
  struct Key {
    Name origin;
    std::string view;

    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const { return key.origin.hash() ^ std::hash<std::string>()(key.view); }
  };

  static Key keyOf(NameView origin, std::string_view view) { return {origin, std::string(view)}; }

  std::unordered_map<Key, AccessList, Hash> rules_;
};

}  // namespace taut
