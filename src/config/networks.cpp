#include "networks.hpp"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "suggestion.hpp"

namespace taut::config {

namespace {

constexpr std::string_view aclPrefix = "acl.";

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
    const std::string name = path.substr(aclPrefix.size());
    if (findKnown(name))
      mistakes_.push_back({setting.origin, fmt::format("'{}' has a meaning already; expected another name", name)});
    named_[name].items = &std::get<std::vector<Item>>(setting.value);
  }
  for (auto& [name, named] : named_) read(named);
}

AddressPolicy Networks::policy(const std::vector<Item>& items) {
  std::vector<std::string> networks;
  for (const Item& item : items) expand(item, networks);
  AddressPolicy policy(AddressPolicy::Action::refuse);
  for (const std::string& network : networks) policy.allow(network);
  return policy;
}

void Networks::read(Named& named) {
  if (named.state == Named::State::read) return;
  named.state = Named::State::beingRead;
  for (const Item& item : *named.items) expand(item, named.networks);
  std::ranges::sort(named.networks);
  const auto repeated = std::ranges::unique(named.networks);
  named.networks.erase(repeated.begin(), repeated.end());
  named.state = Named::State::read;
}

void Networks::expand(const Item& item, std::vector<std::string>& networks) {
  if (const KnownNetworks* const known = findKnown(item.text)) {
    networks.insert(networks.end(), known->networks.begin(), known->networks.end());
    return;
  }
  if (const auto found = named_.find(item.text); found != named_.end()) {
    Named& named = found->second;
    if (named.state == Named::State::beingRead) {
      mistakes_.push_back({item.origin, fmt::format("'{}' is a part of itself", item.text)});
      return;
    }
    read(named);
    networks.insert(networks.end(), named.networks.begin(), named.networks.end());
    return;
  }
  try {
    AddressPolicy().allow(item.text);
    networks.push_back(item.text);
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
