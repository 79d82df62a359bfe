#include "taut/zone/catalog_writer.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "taut/dns/rdata.hpp"
#include "taut/zone/zone_builder.hpp"

namespace taut {

namespace {

using namespace std::chrono_literals;
using Problem = std::optional<std::string>;

constexpr std::size_t maxStringSize = 255;

// An entry as it is written.
struct Planned {
  const CatalogEntry* entry = nullptr;
  std::string unique;               // in lower case
  std::vector<std::string> groups;  // in the order of their octets
};

using Plan = std::vector<Planned>;

Planned planOf(const CatalogEntry& entry) {
  Planned planned{&entry, entry.unique.empty() ? uniqueLabelOf(entry.name) : entry.unique, entry.groups};
  std::ranges::transform(planned.unique, planned.unique.begin(),
                         [](char octet) { return static_cast<char>(foldCase(static_cast<std::uint8_t>(octet))); });
  std::ranges::sort(planned.groups);
  const auto repeated = std::ranges::unique(planned.groups);
  planned.groups.erase(repeated.begin(), repeated.end());
  return planned;
}

NameView nameOf(const Planned& planned) {
  return planned.entry->name;
}

Problem problemOf(const Planned& planned, NameView zones) {
  const auto node = Name::join(planned.unique, zones);
  if (!node) return fmt::format("{}: no name has the label \"{}\" below {}", nameOf(planned), planned.unique, zones);
  if (!planned.groups.empty() && !Name::join("group", *node))
    return fmt::format("{}: the name group.{} is too long", nameOf(planned), *node);
  if (planned.entry->newCatalog && !Name::join("coo", *node))
    return fmt::format("{}: the name coo.{} is too long", nameOf(planned), *node);
  for (const std::string& group : planned.groups)
    if (group.size() > maxStringSize)
      return fmt::format("{}: a group of {} octets; at most {} are possible", nameOf(planned), group.size(),
                         maxStringSize);
  return std::nullopt;
}

Problem problemOf(const Plan& plan, NameView zones) {
  for (const Planned& planned : plan)
    if (auto problem = problemOf(planned, zones)) return problem;
  if (const auto twice = std::ranges::adjacent_find(plan, {}, nameOf); twice != plan.end())
    return fmt::format("{}: a member twice", nameOf(*twice));
  std::vector<const Planned*> byLabel;
  for (const Planned& planned : plan) byLabel.push_back(&planned);
  const auto label = [](const Planned* planned) -> const std::string& { return planned->unique; };
  std::ranges::sort(byLabel, {}, label);
  const auto both = std::ranges::adjacent_find(byLabel, {}, label);
  if (both == byLabel.end()) return std::nullopt;
  return fmt::format("{} and {}: both have the label \"{}\"", nameOf(**both), nameOf(**std::next(both)),
                     (*both)->unique);
}

// In canonical order of the names.
Result<Plan, std::string> planOf(std::span<const CatalogEntry> entries, const std::optional<Name>& zones,
                                 NameView catalog) {
  if (!zones) return Failure(fmt::format("{}: too long a name for a catalog", catalog));
  Plan plan;
  plan.reserve(entries.size());
  for (const CatalogEntry& entry : entries) plan.push_back(planOf(entry));
  std::ranges::stable_sort(plan, {}, nameOf);
  if (auto problem = problemOf(plan, *zones)) return Failure(std::move(*problem));
  return plan;
}

// `Output` is a ZoneBuilder or a ZoneChange.
template <class Output>
void addGroups(Output& output, NameView node, const Planned& planned) {
  if (planned.groups.empty()) return;
  const Name owner = *Name::join("group", node);
  for (const std::string& group : planned.groups) output.add(owner, 0s, rdata::TXT(group));
}

template <class Output>
void addNewCatalog(Output& output, NameView node, const Planned& planned) {
  if (planned.entry->newCatalog) output.add(*Name::join("coo", node), 0s, rdata::PTR(Name(*planned.entry->newCatalog)));
}

template <class Output>
void addMember(Output& output, NameView zones, const Planned& planned) {
  const Name node = *Name::join(planned.unique, zones);
  output.add(node, 0s, rdata::PTR(Name(nameOf(planned))));
  addGroups(output, node, planned);
  addNewCatalog(output, node, planned);
}

// A property that is not there needs no step; its name may be too long to exist.
void removeProperty(ZoneChange& change, std::string_view property, NameView node, Type type) {
  if (const auto owner = Name::join(property, node)) change.remove(*owner, type);
}

void removeMember(ZoneChange& change, const CatalogMember& member) {
  change.remove(member.node, Type::PTR);
  removeProperty(change, "group", member.node, Type::TXT);
  removeProperty(change, "coo", member.node, Type::PTR);
  for (const RRset& set : member.others) change.remove(set.owner, set.type);
}

void changeMember(ZoneChange& change, const CatalogMember& member, const Planned& planned) {
  if (!std::ranges::equal(member.groups, planned.groups)) {
    removeProperty(change, "group", member.node, Type::TXT);
    addGroups(change, member.node, planned);
  }
  if (member.newCatalog != planned.entry->newCatalog) {
    removeProperty(change, "coo", member.node, Type::PTR);
    addNewCatalog(change, member.node, planned);
  }
}

void addHead(ZoneBuilder& builder, NameView name, Serial serial) {
  rdata::SOA soa;
  soa.primary = soa.mailbox = Name("invalid.");
  soa.serial = serial.value();
  soa.refresh = 3600;
  soa.retry = 600;
  soa.expire = 2147483646;  // members stay however long the catalog cannot be had
  soa.minimum = 0;
  builder.add(name, 0s, soa);
  builder.add(name, 0s, rdata::NS(Name("invalid.")));
}

}  // namespace

std::string uniqueLabelOf(NameView name) {
  constexpr std::size_t octets = 16;
  const Name folded = Name(name).toLower();
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest;
  if (EVP_Digest(folded.data(), folded.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
    throw std::bad_alloc();
  std::string label;
  for (std::size_t i = 0; i < octets; ++i) label += fmt::format("{:02x}", digest[i]);
  return label;
}

Result<Catalog, std::string> makeCatalog(NameView name, std::span<const CatalogEntry> entries, Serial serial) {
  const auto zones = Name::join("zones", name);
  const auto version = Name::join("version", name);
  const auto plan = planOf(entries, version ? zones : std::nullopt, name);
  if (!plan) return Failure(plan.error());
  ZoneBuilder builder{Name(name)};
  addHead(builder, name, serial);
  builder.add(*version, 0s, rdata::TXT("2"));
  for (const Planned& planned : *plan) addMember(builder, *zones, planned);
  ZoneBuild build = builder.build();
  if (!build.zone) return Failure(build.diagnostics.front().toString());
  return Catalog::read(std::move(build.zone));
}

Result<ZoneChange, std::string> changeOfCatalog(const Catalog& catalog, std::span<const CatalogEntry> entries) {
  const auto zones = Name::join("zones", catalog.name());
  const auto plan = planOf(entries, zones, catalog.name());
  if (!plan) return Failure(plan.error());
  ZoneChange change;
  std::vector<const Planned*> toAdd;
  std::vector<std::pair<const CatalogMember*, const Planned*>> toChange;
  auto member = catalog.members().begin();
  const auto end = catalog.members().end();
  for (const Planned& planned : *plan) {
    while (member != end && member->name < nameOf(planned)) removeMember(change, *member++);
    if (member == end || member->name != nameOf(planned)) {
      toAdd.push_back(&planned);
      continue;
    }
    if (member->node.firstLabelEquals(planned.unique)) {
      toChange.emplace_back(&*member, &planned);
    } else {
      removeMember(change, *member);
      toAdd.push_back(&planned);
    }
    ++member;
  }
  while (member != end) removeMember(change, *member++);
  // After all that goes, because a label may pass from one member to another.
  for (const auto& [present, planned] : toChange) changeMember(change, *present, *planned);
  for (const Planned* const planned : toAdd) addMember(change, *zones, *planned);
  return change;
}

}  // namespace taut
