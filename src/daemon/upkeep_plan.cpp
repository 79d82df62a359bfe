#include "upkeep_plan.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "taut/base/address.hpp"
#include "taut/dns/query.hpp"

namespace taut {

namespace {

using config::RemoteList;
using config::RemoteSettings;

// Makes of each list of servers one object.
class Makers {
 public:
  explicit Makers(std::shared_ptr<const KeyRing> keys) : keys_(std::move(keys)) {}

  std::shared_ptr<const UpkeepPlan::Servers> servers(const std::shared_ptr<const RemoteList>& list) {
    if (!list) return nullptr;
    auto& known = servers_[list.get()];
    if (known) return known;
    auto made = std::make_shared<UpkeepPlan::Servers>();
    for (const auto& remote : list->remotes) made->push_back({remote->addresses, keyOf(*remote)});
    known = std::move(made);
    return known;
  }

  // Each address of each server: any of them may be the one that is reached.
  std::shared_ptr<const std::vector<NotifyTarget>> targets(const std::shared_ptr<const RemoteList>& list) {
    if (!list) return nullptr;
    auto& known = targets_[list.get()];
    if (known) return known;
    auto made = std::make_shared<std::vector<NotifyTarget>>();
    for (const auto& remote : list->remotes)
      for (const Address& address : remote->addresses) made->push_back({address, keyOf(*remote)});
    known = std::move(made);
    return known;
  }

 private:
  // Of several with one name the first, in the order of their algorithms.
  std::shared_ptr<const TsigKey> keyOf(const RemoteSettings& remote) const {
    if (!remote.key || !keys_) return nullptr;
    const auto& keys = keys_->keys();
    const auto found = std::ranges::find(keys, *remote.key, &TsigKey::name);
    return found == keys.end() ? nullptr : std::shared_ptr<const TsigKey>(keys_, &*found);
  }

  std::shared_ptr<const KeyRing> keys_;
  std::map<const RemoteList*, std::shared_ptr<const UpkeepPlan::Servers>> servers_;
  std::map<const RemoteList*, std::shared_ptr<const std::vector<NotifyTarget>>> targets_;
};

bool isFrom(const RemoteSettings& remote, const Query& query) {
  const auto isHost = [&query](const Address& address) { return address.sameHost(query.peer()); };
  if (std::ranges::none_of(remote.addresses, isHost)) return false;
  return !remote.key || (query.key() && query.key()->name == *remote.key);
}

}  // namespace

bool UpkeepPlan::Pending::add() {
  State state = state_.load();
  for (;;) {
    const State next = state == State::none ? State::one : State::several;
    if (state_.compare_exchange_weak(state, next)) return state == State::none;
  }
}

bool UpkeepPlan::Pending::take() {
  return state_.exchange(State::none) == State::one;
}

UpkeepPlan::UpkeepPlan(const config::Configuration& configuration, const std::shared_ptr<const KeyRing>& keys,
                       std::span<const config::ZoneSettings> members) {
  Makers makers(keys);
  const auto add = [&](const config::ZoneSettings& settings) {
    if (!settings.isSecondary() && !settings.notify && !settings.allowUpdate && !settings.isWritten()) return;
    Zone zone;
    if (settings.isWritten()) zone.file = settings.path;
    if (settings.isUpdated()) zone.masterFile = settings.path;
    zone.targets = makers.targets(settings.notify);
    if (settings.allowUpdate) zone.updates = {settings.allowUpdate, &settings.allowUpdate->policy};
    zone.serial = settings.serial;
    zone.isKept = settings.journal > 0 && (settings.isSecondary() || settings.isUpdated());
    if (settings.isSecondary()) {
      zone.remotes = settings.primaries;
      zone.primaries = makers.servers(settings.primaries);
      zone.allowNotify = settings.allowNotify;
      zone.pending = std::make_shared<Pending>();
    }
    zones_.emplace(*Name::parse(settings.name), std::move(zone));
  };
  std::ranges::for_each(configuration.zones, add);
  std::ranges::for_each(members, add);
}

bool UpkeepPlan::hasSecondaries() const {
  return std::ranges::any_of(zones_, [](const auto& zone) { return zone.second.primaries != nullptr; });
}

bool UpkeepPlan::hasUpdates() const {
  return std::ranges::any_of(zones_, [](const auto& zone) { return zone.second.updates != nullptr; });
}

const UpkeepPlan::Zone* UpkeepPlan::find(NameView origin) const {
  const auto found = zones_.find(origin);
  return found == zones_.end() ? nullptr : &found->second;
}

NotifyVerdict UpkeepPlan::verdictOn(const Notification& notification) const {
  const Zone* const zone = notification.rrClass == Class::IN ? find(notification.zone) : nullptr;
  if (!zone || !zone->primaries) return NotifyVerdict::notSecondary;
  const Query& query = *notification.query;
  const auto isPrimary = [&query](const auto& remote) { return isFrom(*remote, query); };
  if (std::ranges::any_of(zone->remotes->remotes, isPrimary)) return NotifyVerdict::accepted;
  const bool isAllowed = zone->allowNotify && zone->allowNotify->clients.allows(query);
  return isAllowed ? NotifyVerdict::accepted : NotifyVerdict::notAllowed;
}

}  // namespace taut
