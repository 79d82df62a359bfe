// Response policy zones of any names and networks: the rule for a name is the one that a search through all names of
// the zone finds, and one for an address is for a network of its kind.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "fuzz/fuzz.hpp"
#include "taut/base/address.hpp"
#include "taut/base/log.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/resolver/policy_zone.hpp"
#include "taut/zone/zone_builder.hpp"

namespace policy_fuzz {

namespace {

using namespace taut;
using namespace std::chrono_literals;
using fuzz::require;

Name targetOf(std::uint8_t choice) {
  constexpr std::array<std::string_view, 7> targets = {
      ".", "*.", "rpz-passthru.", "rpz-drop.", "rpz-tcp-only.", "*.garden.", "rpz-other."};
  return Name(targets[choice % targets.size()]);
}

// A name before one of the domains that rules have; nothing where it is too long.
std::optional<Name> ownerOf(fuzz::Input& input, NameView origin) {
  constexpr std::array<std::string_view, 5> domains = {"", "rpz-ip", "rpz-client-ip", "rpz-nsip", "*"};
  const std::string_view domain = domains[input.u8() % domains.size()];
  const auto base = domain.empty() ? std::optional<Name>(origin) : Name::join(domain, origin);
  return base ? Name::substitute(input.name(), NameView(), *base) : std::nullopt;
}

std::shared_ptr<const Zone> takeZone(fuzz::Input& input, NameView origin) {
  ZoneBuilder builder{Name(origin)};
  builder.add(origin, 60s, rdata::SOA(origin, origin, 1, 2, 3, 4, 5));
  builder.add(origin, 60s, rdata::NS(Name("localhost.")));
  for (std::size_t count = input.u8() & 31u; count > 0; --count) {
    const std::uint8_t choice = input.u8();
    const auto owner = ownerOf(input, origin);
    if (!owner) continue;
    if (choice < 200)
      builder.add(*owner, 60s, rdata::CNAME(targetOf(choice)));
    else
      builder.add(*owner, 60s, rdata::A(192, 0, 2, choice));
  }
  return builder.build().zone;
}

bool makesRule(const Zone& zone, ZoneNode node) {
  const ZoneRRset cname = node.rrset(Type::CNAME);
  const NameView target = cname ? *NameView::fromWire(cname.data.front()) : NameView();
  const bool isOwn = cname && Name::substitute(target, NameView(), zone.origin()) == Name(node.owner());
  return isOwn || !(target == Name("rpz-other.").view());
}

// The node of this name, where it makes a rule: among all nodes of the zone.
ZoneNode search(const Zone& zone, const std::optional<Name>& owner) {
  for (const ZoneNode node : zone.nodes())
    if (owner && node.owner() == owner->view() && !node.isEmpty() && !node.isApex() && makesRule(zone, node))
      return node;
  return {};
}

void checkName(const PolicyZone& policy, NameView name) {
  const Zone& zone = *policy.zone();
  const auto rule = policy.forName(name);
  if (name.isRoot() || name.suffix(1).firstLabelStartsWith("rpz-")) return require(!rule, "such a name has no rule");
  ZoneNode expected = search(zone, Name::substitute(name, NameView(), zone.origin()));
  for (NameView above = name; !expected && !above.isRoot();) {
    above = above.parent();
    const auto domain = Name::substitute(above, NameView(), zone.origin());
    expected = domain ? search(zone, Name::join("*", *domain)) : ZoneNode();
  }
  require(rule.has_value() == static_cast<bool>(expected), "a rule is found where there is one");
  if (rule) require(rule->node == expected, "the rule that is found is the closest one");
}

}  // namespace

TAUT_FUZZ_TARGET(policy) {
  log::setLevel(log::Level::error);
  fuzz::Input input(data, size);
  const Name origin("rpz.example.");
  const auto zone = takeZone(input, origin);
  if (!zone) return 0;
  const PolicyZone policy(zone);
  for (const ZoneNode node : zone->nodes()) {
    const auto name = Name::substitute(node.owner(), origin, NameView());
    checkName(policy, *name);
    if (const auto below = Name::join("x", *name)) checkName(policy, *below);
  }
  while (!input.atEnd()) {
    checkName(policy, input.name());
    const Address v4 = Address::v4({input.u8(), input.u8(), input.u8(), input.u8()});
    const auto found = policy.forAddress(v4);
    if (found) require(found->bits >= 1 && found->bits <= 32, "a network of IPv4 holds the address");
    static_cast<void>(policy.forClient(v4));
  }
  return 0;
}

}  // namespace policy_fuzz
