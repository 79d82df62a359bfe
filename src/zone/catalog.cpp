#include "taut/zone/catalog.hpp"

#include <algorithm>
#include <compare>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

#include "taut/base/bytes.hpp"

namespace taut {

namespace {

using Problem = std::optional<std::string>;

constexpr std::string_view version = "2";

// The text of TXT RDATA that is one string.
std::optional<std::string_view> onlyString(ByteSpan rdata) {
  if (rdata.empty() || rdata.size() != 1u + rdata.front()) return std::nullopt;
  return asText(rdata.subspan(1));
}

Problem problemOfVersion(const Zone& zone) {
  const auto owner = Name::join("version", zone.origin());
  const ZoneNode node = owner ? zone.node(*owner) : ZoneNode();
  const RRset set = node ? node.rrset(Type::TXT).data : RRset();
  if (set.count == 1 && onlyString(set.front()) == version) return std::nullopt;
  return fmt::format("version.{} TXT: expected one record with the text \"{}\"; found {}", zone.origin(), version,
                     set.count == 1 ? "another one" : fmt::format("{} records", set.count));
}

// Of signatures and proofs, which are about the records and say nothing of members.
bool isOfDnssec(Type type) {
  return type == Type::RRSIG || type == Type::NSEC;
}

// Takes the nodes below zones.<catalog>, each member's before what is below it.
class MemberReader {
 public:
  explicit MemberReader(std::vector<CatalogMember>& members) : members_(members) {}

  Problem takeMember(ZoneNode node) {
    isInMember_ = node.has(Type::PTR);
    if (!isInMember_) return std::nullopt;
    const RRset pointer = node.rrset(Type::PTR).data;
    if (pointer.count > 1) return problemOfPointers(pointer);
    CatalogMember& member = members_.emplace_back();
    member.node = node.owner();
    member.name = *NameView::fromWire(pointer.front());
    takeOthers(node, Type::PTR);
    return std::nullopt;
  }

  Problem takeBelow(ZoneNode node, bool isProperty) {
    if (!isInMember_) return std::nullopt;
    CatalogMember& member = members_.back();
    if (isProperty && node.owner().firstLabelEquals("group")) {
      for (const ByteSpan rdata : node.rrset(Type::TXT).data)
        if (const auto group = onlyString(rdata)) member.groups.push_back(*group);
      std::ranges::sort(member.groups);
      takeOthers(node, Type::TXT);
    } else if (isProperty && node.owner().firstLabelEquals("coo")) {
      const RRset pointer = node.rrset(Type::PTR).data;
      if (pointer.count > 1) return problemOfPointers(pointer);
      if (pointer.count == 1) member.newCatalog = NameView::fromWire(pointer.front());
      takeOthers(node, Type::PTR);
    } else {
      takeOthers(node, Type{});
    }
    return std::nullopt;
  }

 private:
  static std::string problemOfPointers(const RRset& set) {
    return fmt::format("{} PTR: {} records; expected one (RFC 9432 section 4)", set.owner, set.count);
  }

  void takeOthers(ZoneNode node, Type understood) {
    for (const RRset set : node)
      if (set.type != understood && !isOfDnssec(set.type)) members_.back().others.push_back(set);
  }

  std::vector<CatalogMember>& members_;
  bool isInMember_ = false;
};

Problem readMembers(const Zone& zone, std::vector<CatalogMember>& members) {
  const auto zones = Name::join("zones", zone.origin());
  if (!zones) return std::nullopt;
  const std::size_t depth = zones->labelCount();
  MemberReader reader(members);
  const auto nodes = zone.nodes();
  for (auto at = nodes.after(*zones); at != nodes.end() && (*at).owner().isBelow(*zones); ++at) {
    const std::size_t below = (*at).labelCount() - depth;
    if (auto problem = below == 1 ? reader.takeMember(*at) : reader.takeBelow(*at, below == 2)) return problem;
  }
  return std::nullopt;
}

Problem problemOfNames(const std::vector<CatalogMember>& members) {
  const auto twice = std::ranges::adjacent_find(members, {}, &CatalogMember::name);
  if (twice == members.end()) return std::nullopt;
  return fmt::format("{} is a member twice, by {} and {} (RFC 9432 section 4.1)", twice->name, twice->node,
                     std::next(twice)->node);
}

bool isSameSet(const RRset& left, const RRset& right) {
  return left.owner == right.owner && left.type == right.type && left.count == right.count &&
         std::equal(left.begin(), left.end(), right.begin(),
                    [](ByteSpan a, ByteSpan b) { return std::ranges::equal(a, b); });
}

bool hasSameProperties(const CatalogMember& left, const CatalogMember& right) {
  return left.groups == right.groups && left.newCatalog == right.newCatalog &&
         std::ranges::equal(left.others, right.others, isSameSet);
}

bool hasSameUnique(const CatalogMember& left, const CatalogMember& right) {
  return left.node.firstLabelEquals(right.unique());
}

void addChangeOf(const CatalogMember& before, const CatalogMember& after, std::vector<CatalogChange>& changes) {
  using Kind = CatalogChange::Kind;
  if (!hasSameUnique(before, after))
    changes.push_back({Kind::reset, &before, &after});
  else if (!hasSameProperties(before, after))
    changes.push_back({Kind::changed, &before, &after});
}

}  // namespace

Result<Catalog, std::string> Catalog::read(std::shared_ptr<const Zone> zone) {
  if (zone->rrClass() != Class::IN)
    return Failure(fmt::format("{}: a catalog is of class IN; found {}", zone->origin(), zone->rrClass()));
  if (auto problem = problemOfVersion(*zone)) return Failure(std::move(*problem));
  Catalog catalog(std::move(zone));
  if (auto problem = readMembers(*catalog.zone_, catalog.members_)) return Failure(std::move(*problem));
  std::ranges::stable_sort(catalog.members_, {}, &CatalogMember::name);
  if (auto problem = problemOfNames(catalog.members_)) return Failure(std::move(*problem));
  return catalog;
}

const CatalogMember* Catalog::find(NameView name) const {
  const auto found = std::ranges::lower_bound(members_, name, {}, &CatalogMember::name);
  return found != members_.end() && found->name == name ? &*found : nullptr;
}

std::vector<CatalogChange> changesBetween(std::span<const CatalogMember> before, std::span<const CatalogMember> after) {
  using Kind = CatalogChange::Kind;
  std::vector<CatalogChange> changes;
  auto old = before.begin();
  auto next = after.begin();
  while (old != before.end() || next != after.end()) {
    const bool isLeftAlone = next == after.end() || (old != before.end() && old->name < next->name);
    const bool isNew = old == before.end() || (next != after.end() && next->name < old->name);
    if (isLeftAlone) {
      changes.push_back({Kind::removed, &*old++, nullptr});
    } else if (isNew) {
      changes.push_back({Kind::added, nullptr, &*next++});
    } else {
      addChangeOf(*old++, *next++, changes);
    }
  }
  return changes;
}

CatalogClaim claimOf(const CatalogMember& held, const CatalogMember& claimed, NameView claimant) {
  if (held.newCatalog != claimant) return CatalogClaim::clash;
  return hasSameUnique(held, claimed) ? CatalogClaim::moves : CatalogClaim::reset;
}

}  // namespace taut
