#include "networks.hpp"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "suggestion.hpp"

namespace taut::config {

namespace {

constexpr std::string_view aclPrefix = "acl.";
constexpr std::string_view tsigPrefix = "tsig.";

struct KnownNetworks {
  std::string_view name;
  std::vector<std::string_view> networks;
};

std::span<const KnownNetworks> knownNetworks() {
  static const KnownNetworks known[] = {
      {"loopback", {"127.0.0.0/8", "::1"}},
      {"private", {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"}},
      {"link-local", {"169.254.0.0/16", "fe80::/10"}},
      {"any", {"0.0.0.0/0", "::/0"}},
  };
  return known;
}

const KnownNetworks* findKnown(std::string_view name) {
  const auto known = knownNetworks();
  const auto found = std::ranges::find(known, name, &KnownNetworks::name);
  return found == known.end() ? nullptr : &*found;
}

}  // namespace

Networks::Networks(const Settings& settings, Mistakes& mistakes) : mistakes_(mistakes) {
  for (const auto& [path, setting] : settings.values()) {
    if (!path.starts_with(aclPrefix)) continue;
    const std::string_view name = firstName(std::string_view(path).substr(aclPrefix.size()));
    const std::string_view key = std::string_view(path).substr(aclPrefix.size() + name.size());
    Named& named = named_[std::string(name)];
    if (findKnown(name) && !named.items && !named.keys && !named.isLimited())
      mistakes_.push_back({setting.origin, fmt::format("'{}' has a meaning already; expected another name", name)});
    const std::vector<Item>* const list = &std::get<std::vector<Item>>(setting.value);
    if (key.starts_with(".update-") && list->empty())
      mistakes_.push_back({setting.origin, "an empty list; expected at least one, or none of it for no limit"});
    if (key == ".tsig")
      named.keys = list;
    else if (key == ".update-names")
      named.names = list;
    else if (key == ".update-types")
      named.types = list;
    else
      named.items = list;
  }
  for (const auto& [path, origin] : settings.notedTables()) {
    if (path.starts_with(tsigPrefix))
      if (const auto name = Name::parse(withoutQuotes(std::string_view(path).substr(tsigPrefix.size()))))
        keys_.push_back(*name);
    if (!path.starts_with(aclPrefix)) continue;
    const auto found = named_.find(std::string_view(path).substr(aclPrefix.size()));
    const bool isWithoutAnyone = found == named_.end() || (!found->second.items && !found->second.keys);
    if (isWithoutAnyone && !settings.isRefused(path + ".networks") && !settings.isRefused(path + ".tsig"))
      mistakes_.push_back({origin, "an access list without anyone; expected networks, tsig or both"});
  }
  for (auto& [name, named] : named_) read(named);
}

AddressPolicy Networks::policy(const std::vector<Item>& items) {
  return policyOf(networksOf(items));
}

AddressPolicy Networks::ownNetworks() {
  return policy({{"loopback", {}}, {"private", {}}, {"link-local", {}}});
}

AccessList Networks::accessList(const std::vector<Item>& items) {
  Entries entries;
  for (const Item& item : items) {
    expand(item, entries);
    if (entries.limited.empty()) continue;
    mistakes_.push_back(
        {item.origin,
         fmt::format("'{}' says what may be updated; expected a name without update-names and update-types here",
                     item.text)});
    entries.limited.clear();
  }
  return clientsOf(std::move(entries));
}

UpdatePolicy Networks::updatePolicy(const std::vector<Item>& items) {
  Entries entries;
  for (const Item& item : items) expand(item, entries);
  UpdatePolicy policy;
  for (UpdatePolicy::Rule& rule : std::exchange(entries.limited, {})) policy.add(std::move(rule));
  if (!entries.networks.empty() || !entries.byKey.empty()) policy.add({.clients = clientsOf(std::move(entries))});
  return policy;
}

// Whatever records they are about.
AccessList Networks::clientsOf(Entries entries) const {
  AccessList list(policyOf(entries.networks));
  for (Signed& entry : entries.byKey) list.allow(std::move(entry.networks), std::move(entry.keys));
  return list;
}

AddressPolicy Networks::policyOf(const std::vector<std::string>& networks) {
  AddressPolicy policy(AddressPolicy::Action::refuse);
  for (const std::string& network : networks) policy.allow(network);
  return policy;
}

// Without any that ask for a key.
std::vector<std::string> Networks::networksOf(const std::vector<Item>& items) {
  Entries entries;
  for (const Item& item : items) {
    expand(item, entries);
    if (entries.byKey.empty() && entries.limited.empty()) continue;
    mistakes_.push_back(
        {item.origin, fmt::format("'{}' asks for a key, which is not known here; expected networks alone", item.text)});
    entries.byKey.clear();
    entries.limited.clear();
  }
  return std::move(entries.networks);
}

std::vector<Name> Networks::keysOf(const std::vector<Item>& items) {
  std::vector<Name> keys;
  for (const Item& item : items) {
    const auto name = Name::parse(item.text);
    if (name && std::ranges::find(keys_, *name) != keys_.end())
      keys.push_back(*name);
    else
      mistakes_.push_back(
          {item.origin, fmt::format("'{}' is no name of a key; expected that of a [tsig.NAME]", item.text)});
  }
  return keys;
}

void Networks::read(Named& named) {
  if (named.state == Named::State::read) return;
  named.state = Named::State::beingRead;
  if (named.keys || named.isLimited())
    readTable(named);
  else
    for (const Item& item : *named.items) expand(item, named.entries);
  std::vector<std::string>& networks = named.entries.networks;
  std::ranges::sort(networks);
  const auto repeated = std::ranges::unique(networks);
  networks.erase(repeated.begin(), repeated.end());
  named.state = Named::State::read;
}

// A message has to come from the networks, where there are some, and to be signed, where there are keys.
void Networks::readTable(Named& named) {
  Entries entries;
  if (named.keys)
    entries.byKey.push_back({named.items ? policyOf(networksOf(*named.items)) : AddressPolicy(), keysOf(*named.keys)});
  else if (named.items)
    entries.networks = networksOf(*named.items);
  if (!named.isLimited()) {
    named.entries = std::move(entries);
    return;
  }
  UpdatePolicy::Rule rule;
  rule.clients = clientsOf(std::move(entries));
  if (named.names) rule.names = updateNamesOf(*named.names);
  if (named.types) rule.types = typesOf(*named.types);
  named.entries.limited.push_back(std::move(rule));
}

std::vector<UpdateNames> Networks::updateNamesOf(const std::vector<Item>& items) {
  std::vector<UpdateNames> names;
  for (const Item& item : items) {
    if (auto made = UpdateNames::parse(item.text))
      names.push_back(std::move(*made));
    else
      mistakes_.push_back(
          {item.origin, fmt::format("'{}' is no name; expected one such as \"host.example.com\", \"*.example.com\" for "
                                    "those below it, or \"self\" for that of the key",
                                    item.text)});
  }
  return names;
}

std::vector<Type> Networks::typesOf(const std::vector<Item>& items) {
  std::vector<Type> types;
  for (const Item& item : items) {
    const auto type = typeFromText(item.text);
    if (type && !isMetaType(*type))
      types.push_back(*type);
    else
      mistakes_.push_back(
          {item.origin, fmt::format("'{}' is no type of records; expected one such as \"AAAA\"", item.text)});
  }
  return types;
}

void Networks::expandNamed(const Item& item, Named& named, Entries& entries) {
  if (named.state == Named::State::beingRead) {
    mistakes_.push_back({item.origin, fmt::format("'{}' is a part of itself", item.text)});
    return;
  }
  read(named);
  const Entries& meant = named.entries;
  entries.networks.insert(entries.networks.end(), meant.networks.begin(), meant.networks.end());
  for (const Signed& entry : meant.byKey)
    if (std::ranges::find(entries.byKey, entry) == entries.byKey.end()) entries.byKey.push_back(entry);
  for (const UpdatePolicy::Rule& rule : meant.limited)
    if (std::ranges::find(entries.limited, rule) == entries.limited.end()) entries.limited.push_back(rule);
}

void Networks::expand(const Item& item, Entries& entries) {
  if (const KnownNetworks* const known = findKnown(item.text)) {
    entries.networks.insert(entries.networks.end(), known->networks.begin(), known->networks.end());
    return;
  }
  if (const auto found = named_.find(item.text); found != named_.end())
    return expandNamed(item, found->second, entries);
  try {
    AddressPolicy().allow(item.text);
    entries.networks.push_back(item.text);
  } catch (const std::invalid_argument& error) {
    const std::string meant = meantBy(item.text);
    mistakes_.push_back({item.origin, meant.empty() ? error.what() : meant});
  }
}

// Of a text that looks like a name, what to say; empty for other texts.
std::string Networks::meantBy(std::string_view text) const {
  if (text.empty() || text.find_first_of(".:/") != text.npos) return {};
  std::vector<std::string_view> names;
  for (const KnownNetworks& known : knownNetworks()) names.push_back(known.name);
  for (const auto& [name, named] : named_) names.push_back(name);
  const auto meant = nearest(text, names);
  return fmt::format(
      "'{}' is no network and no name in [acl]; {}", text,
      meant ? fmt::format("did you mean '{}'?", *meant) : fmt::format("expected one of {}", fmt::join(names, ", ")));
}

}  // namespace taut::config
