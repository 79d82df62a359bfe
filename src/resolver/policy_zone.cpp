#include "taut/resolver/policy_zone.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "taut/base/bytes.hpp"
#include "taut/base/log.hpp"
#include "taut/base/parse_number.hpp"
#include "taut/dns/rdata.hpp"

namespace taut {

namespace {

struct Network {
  Address address;
  std::uint8_t bits = 0;
};

Address cutTo(const Address& address, unsigned bits) {
  std::array<std::uint8_t, 16> octets{};
  std::ranges::copy(address.bytes(), octets.begin());
  for (unsigned i = 0; i < octets.size(); ++i)
    if (8 * i >= bits)
      octets[i] = 0;
    else if (8 * (i + 1) > bits)
      octets[i] &= static_cast<std::uint8_t>(0xff << (8 * (i + 1) - bits));
  if (address.isV6()) return Address::v6(octets);
  return Address::v4({octets[0], octets[1], octets[2], octets[3]});
}

// `name` has four labels and more: the last octet first.
std::optional<Address> v4OfLabels(NameView name) {
  std::array<std::uint8_t, 4> octets{};
  for (std::size_t i = octets.size(); i-- > 0; name = name.parent()) {
    const auto octet = name.firstLabelNumber<std::uint8_t>({});
    if (!octet) return std::nullopt;
    octets[i] = *octet;
  }
  return Address::v4(octets);
}

std::optional<std::uint16_t> groupOfLabel(std::string_view label) {
  return label.size() <= 4 ? parseNumber<std::uint16_t>(label, 16) : std::nullopt;
}

// The last of eight groups first, in the first `labels` labels; `zz` stands for those that are left out.
std::optional<Address> v6OfLabels(NameView name, std::size_t labels) {
  constexpr std::size_t groups = 8;
  std::array<std::uint8_t, 2 * groups> octets{};
  bool isShort = false;
  std::size_t left = groups;
  for (; labels > 0; --labels, name = name.parent()) {
    if (name.firstLabelEquals("zz")) {
      if (isShort || labels - 1 >= left) return std::nullopt;
      isShort = true;
      left = labels - 1;
      continue;
    }
    const auto group = groupOfLabel(name.firstLabel());
    if (!group || left == 0) return std::nullopt;
    storeU16(octets.data() + 2 * --left, *group);
  }
  return left == 0 ? std::optional(Address::v6(octets)) : std::nullopt;
}

bool hasAbbreviation(NameView name, std::size_t labels) {
  for (; labels > 0; --labels, name = name.parent())
    if (name.firstLabelEquals("zz")) return true;
  return false;
}

// What `owner`, which lies below `base`, stands for.
std::optional<Network> networkOf(NameView owner, NameView base) {
  const std::size_t labels = owner.labelCount() - base.labelCount() - 1;
  const auto bits = owner.firstLabelNumber<std::uint8_t>({});
  if (!bits || *bits == 0 || labels == 0) return std::nullopt;
  const NameView rest = owner.parent();
  const bool isV4 = labels == 4 && !hasAbbreviation(rest, labels);
  const auto address = isV4 ? v4OfLabels(rest) : v6OfLabels(rest, labels);
  if (!address || *bits > 8 * address->bytes().size() || cutTo(*address, *bits) != *address) return std::nullopt;
  return Network{*address, *bits};
}

bool isOneLabel(NameView name, std::string_view label) {
  return name.firstLabelEquals(label) && name.parent().isRoot();
}

// What an alias to the name asks for; nothing for one that asks for what is not known.
std::optional<PolicyAction> actionOf(NameView target) {
  if (target.isRoot()) return PolicyAction::nameError;
  if (isOneLabel(target, "*")) return PolicyAction::noData;
  if (!target.suffix(1).firstLabelStartsWith("rpz-")) return PolicyAction::localData;
  if (isOneLabel(target, "rpz-passthru")) return PolicyAction::passThrough;
  if (isOneLabel(target, "rpz-drop")) return PolicyAction::drop;
  if (isOneLabel(target, "rpz-tcp-only")) return PolicyAction::tcpOnly;
  return std::nullopt;
}

// Whether `target` is `owner` without the origin, which earlier versions of the draft had for PASSTHRU.
bool isOwnName(NameView target, NameView owner, NameView origin) {
  const std::size_t size = owner.size() - origin.size();
  return target.size() == size + 1 && equalFolded(target.data(), owner.data(), size);
}

}  // namespace

namespace detail {

void PolicyNetworks::add(const Address& network, std::uint8_t bits, const PolicyRule& rule) {
  std::vector<Length>& lengths = network.isV4() ? v4_ : v6_;
  auto at = std::ranges::find_if(lengths, [&](const Length& length) { return length.bits <= bits; });
  if (at == lengths.end() || at->bits != bits) at = lengths.insert(at, Length{bits, {}});
  at->rules.emplace(network, rule);
}

std::optional<PolicyNetworks::Found> PolicyNetworks::find(const Address& address) const {
  if (address.empty()) return std::nullopt;
  for (const Length& length : address.isV4() ? v4_ : v6_) {
    const auto found = length.rules.find(cutTo(address, length.bits));
    if (found != length.rules.end()) return Found{length.bits, found->second};
  }
  return std::nullopt;
}

}  // namespace detail

PolicyZone::PolicyZone(std::shared_ptr<const Zone> zone) : zone_(std::move(zone)) {
  const auto base = [&](std::string_view label) { return Name::join(label, zone_->origin()); };
  const auto has = [&](const std::optional<Name>& name) { return name && zone_->node(*name); };
  for (const char* const label : {"rpz-nsdname", "rpz-nsip"})
    if (has(base(label)))
      log::warning("policy zone {}: rules for name servers ({}) have no effect", zone_->origin(), label);
  if (const auto name = base("rpz-ip"); has(name)) addNetworks(answers_, *name);
  if (const auto name = base("rpz-client-ip"); has(name)) addNetworks(clients_, *name);
}

void PolicyZone::addNetworks(detail::PolicyNetworks& networks, NameView base) {
  for (const ZoneNode node : zone_->nodes()) {
    if (node.isEmpty() || !node.owner().isBelow(base)) continue;
    const auto network = networkOf(node.owner(), base);
    const auto rule = ruleOf(node);
    if (network && rule)
      networks.add(network->address, network->bits, *rule);
    else
      log::warning("policy zone {}: {} has no effect; expected {} of a network, with nothing set after the prefix",
                   zone_->origin(), node.owner(), rule ? "the length and the address" : "an action that is known");
  }
}

std::optional<PolicyRule> PolicyZone::ruleOf(ZoneNode node) const {
  if (!node.hasCname()) return PolicyRule{PolicyAction::localData, node};
  const auto target = NameView::fromWire(node.rrset(Type::CNAME).data.front());
  if (!target) return std::nullopt;
  if (isOwnName(*target, node.owner(), zone_->origin())) return PolicyRule{PolicyAction::passThrough, node};
  const auto action = actionOf(*target);
  return action ? std::optional(PolicyRule{*action, node}) : std::nullopt;
}

// Labels at the front of a name that is too long to be written before the origin are left out: only wildcards can be
// meant for it.
std::optional<PolicyRule> PolicyZone::forName(NameView name) const {
  if (name.isRoot() || name.suffix(1).firstLabelStartsWith("rpz-")) return std::nullopt;
  const NameView origin = zone_->origin();
  bool isWhole = true;
  for (; name.size() + origin.size() - 1 > maxNameSize; name = name.parent()) isWhole = false;
  std::array<std::uint8_t, maxNameSize> octets;
  const std::size_t size = name.size() - 1;
  std::ranges::copy(name.wire().first(size), octets.begin());
  std::ranges::copy(origin.wire(), octets.begin() + size);
  const ZoneLookup found = zone_->find(NameView::trusted(octets.data(), size + origin.size()));
  if (!isWhole || !found.node) return wildcardRule(found.encloser);
  if (!found.node.isEmpty() && !found.node.isApex())
    if (const auto rule = ruleOf(found.node)) return rule;
  return wildcardRule(zone_->parent(found.node));
}

// Of the closest wildcard at or above the node.
std::optional<PolicyRule> PolicyZone::wildcardRule(ZoneNode from) const {
  for (ZoneNode node = from; node; node = zone_->parent(node)) {
    if (!node.hasWildcardChild()) continue;
    const auto name = Name::join("*", node.owner());
    const ZoneNode wildcard = name ? zone_->node(*name) : ZoneNode();
    if (!wildcard || wildcard.isEmpty()) continue;
    if (const auto rule = ruleOf(wildcard)) return rule;
  }
  return std::nullopt;
}

std::optional<PolicyRule> PolicyZone::forClient(const Address& client) const {
  const auto found = clients_.find(client);
  return found ? std::optional(found->rule) : std::nullopt;
}

}  // namespace taut
