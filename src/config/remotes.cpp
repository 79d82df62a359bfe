#include "remotes.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "suggestion.hpp"
#include "text_values.hpp"

namespace taut::config {

namespace {

constexpr std::string_view remotePrefix = "remote.";

}  // namespace

Remotes::Remotes(const Settings& settings, const std::vector<TsigSettings>& keys, Mistakes& mistakes)
    : mistakes_(mistakes) {
  for (const auto& [table, origin] : settings.notedTables())
    if (table.starts_with(remotePrefix)) read(settings, table, origin, keys);
}

void Remotes::read(const Settings& settings, const std::string& table, const Origin& origin,
                   const std::vector<TsigSettings>& keys) {
  auto remote = std::make_shared<RemoteSettings>();
  const std::string name(withoutQuotes(std::string_view(table).substr(remotePrefix.size())));
  if (Address::parse(name))
    mistakes_.push_back({origin, fmt::format("'{}' is an address; expected a name, such as [remote.ns1]", name)});
  const Setting* const addresses = settings.find(table + ".address");
  if (addresses)
    for (const Item& item : std::get<std::vector<Item>>(addresses->value))
      if (const auto address = addressOf(item, dnsPort, mistakes_)) remote->addresses.push_back(*address);
  const bool isEmpty = !addresses || std::get<std::vector<Item>>(addresses->value).empty();
  if (isEmpty && !settings.isRefused(table + ".address"))
    mistakes_.push_back({addresses ? addresses->origin : origin,
                         "a server without an address; expected address = [\"192.0.2.1\"], say"});
  if (const Setting* const key = settings.find(table + ".key")) readKey(*key, keys, *remote);
  named_.emplace(name, std::move(remote));
}

void Remotes::readKey(const Setting& key, const std::vector<TsigSettings>& keys, RemoteSettings& remote) {
  const auto& text = std::get<std::string>(key.value);
  remote.key = Name::parse(text);
  const auto isIt = [&remote](const TsigSettings& settings) { return settings.key.name == *remote.key; };
  if (!remote.key || std::ranges::none_of(keys, isIt))
    mistakes_.push_back({key.origin, fmt::format("'{}' is no name of a key; expected that of a [tsig.NAME]", text)});
}

std::shared_ptr<const RemoteSettings> Remotes::find(const Item& item) {
  if (const auto found = named_.find(item.text); found != named_.end()) return found->second;
  if (!mayBeAddress(item.text)) {
    std::vector<std::string_view> names;
    for (const auto& [name, remote] : named_) names.push_back(name);
    const auto meant = nearest(item.text, names);
    mistakes_.push_back({item.origin, fmt::format("'{}' is neither an address nor the name of a [remote.NAME]{}",
                                                  item.text, meant ? fmt::format("; did you mean {}?", *meant) : "")});
    return nullptr;
  }
  const auto address = addressOf(item, dnsPort, mistakes_);
  if (!address) return nullptr;
  auto remote = std::make_shared<RemoteSettings>();
  remote->addresses.push_back(*address);
  return remote;
}

std::shared_ptr<const RemoteList> Remotes::list(const std::vector<Item>& items) {
  if (items.empty()) return nullptr;
  std::string text = textOf(items);
  auto& known = lists_[text];
  if (known) return known;
  auto list = std::make_shared<RemoteList>();
  if (items.size() > RemoteList::maxRemotes)
    mistakes_.push_back(
        {items.front().origin, fmt::format("{} servers; expected {} at most", items.size(), RemoteList::maxRemotes)});
  for (const Item& item : items)
    if (auto remote = find(item)) list->remotes.push_back(std::move(remote));
  list->text = std::move(text);
  known = std::move(list);
  return known;
}

}  // namespace taut::config
