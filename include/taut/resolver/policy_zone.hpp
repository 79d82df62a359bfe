// The rules of one version of a response policy zone (draft-vixie-dnsop-dns-rpz, as BIND and Unbound read it).
//
// The owner of a record, without the zone's origin, is what a rule is for:
//  - `www.example.com`: that name; `*.example.com`: all names below it. The name itself goes before a wildcard, and a
//    closer wildcard before another one. A wildcard holds also where a name between has a rule of its own.
//  - `24.0.2.0.192.rpz-ip`: answers with an address of 192.0.2.0/24. `48.zz.1.db8.2001.rpz-ip` is 2001:db8:1::/48.
//  - `32.1.2.0.192.rpz-client-ip`: questions from 192.0.2.1.
//
// The records say what becomes of the answer, `PolicyAction`. An alias to a name of the top-level domains `rpz-…` that
// is not known makes no rule. Nor do rules for the names and addresses of name servers, `rpz-nsdname` and `rpz-nsip`:
// the log has a warning for a zone with such rules, and one for each network that is written wrongly.
//
// Rules for names are found by the zone's own index, so that making this object costs nothing for them, and those for
// networks in one probe for each length of a prefix that some rule has. Immutable: threads may share it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/dns/name.hpp"
#include "taut/zone/zone.hpp"

namespace taut {

enum class PolicyAction : std::uint8_t {
  nameError,    // CNAME `.`: there is no such name
  noData,       // CNAME `*.`: the name has no data
  passThrough,  // CNAME `rpz-passthru.`, or the rule's own name: the answer stays, and no other rule is looked at
  drop,         // CNAME `rpz-drop.`: there is no reply
  tcpOnly,      // CNAME `rpz-tcp-only.`: over UDP a truncated reply, and over TCP as if passed through
  localData,    // other records: these, with the name that the rule was found for as their owner
};

// Lives as long as its zone.
struct PolicyRule {
  PolicyAction action{};
  ZoneNode node;  // has the records
};

namespace detail {

// The rules for networks of one kind.
class PolicyNetworks {
 public:
  struct Found {
    std::uint8_t bits = 0;  // of the network
    PolicyRule rule;
  };

  // The first one of a network counts. `network` has no bits after the prefix.
  void add(const Address& network, std::uint8_t bits, const PolicyRule& rule);
  // That of the longest network that holds the address.
  std::optional<Found> find(const Address& address) const;
  bool empty() const { return v4_.empty() && v6_.empty(); }

 private:
  struct Length {
    std::uint8_t bits = 0;
    std::unordered_map<Address, PolicyRule> rules;
  };

  std::vector<Length> v4_;  // the longest first
  std::vector<Length> v6_;
};

}  // namespace detail

class PolicyZone {
 public:
  // The zone is loaded.
  explicit PolicyZone(std::shared_ptr<const Zone> zone);

  std::optional<PolicyRule> forName(NameView name) const;
  std::optional<PolicyRule> forClient(const Address& client) const;
  // Of an address in an answer.
  std::optional<detail::PolicyNetworks::Found> forAddress(const Address& address) const {
    return answers_.find(address);
  }
  bool hasAddressRules() const { return !answers_.empty(); }

  const std::shared_ptr<const Zone>& zone() const { return zone_; }

 private:
  std::optional<PolicyRule> ruleOf(ZoneNode node) const;
  std::optional<PolicyRule> wildcardRule(ZoneNode from) const;
  void addNetworks(detail::PolicyNetworks& networks, NameView base);

  std::shared_ptr<const Zone> zone_;
  detail::PolicyNetworks answers_;
  detail::PolicyNetworks clients_;
};

}  // namespace taut
