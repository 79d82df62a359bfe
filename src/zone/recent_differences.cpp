#include "taut/zone/recent_differences.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "taut/zone/difference_between.hpp"

namespace taut {

std::size_t RecentDifferences::HashKey::operator()(const Key& key) const {
  return static_cast<std::size_t>(key.origin.hash()) ^ std::hash<std::string>()(key.view) ^
         static_cast<std::size_t>(key.rrClass);
}

RecentDifferences::Key RecentDifferences::keyOf(const Zone& zone, std::string_view view) {
  return {std::string(view), zone.origin(), zone.rrClass()};
}

std::size_t RecentDifferences::maxOctets(const Zone& zone) {
  constexpr std::size_t least = 1024 * 1024;
  return std::max(least, zone.memoryUse() / 2);
}

void RecentDifferences::replaced(const Zone& from, const Zone& to, std::string_view view) {
  const bool follows = from.isLoaded() && from.origin() == to.origin() && from.rrClass() == to.rrClass() &&
                       isNewer(Serial(to.serial()), Serial(from.serial()));
  auto difference = follows ? differenceBetween(from, to, maxOctets(to)) : std::nullopt;
  if (!difference) return forget(to.origin(), to.rrClass(), view);
  add(to, std::make_shared<const ZoneDifference>(std::move(*difference)), view);
}

void RecentDifferences::add(const Zone& to, std::shared_ptr<const ZoneDifference> difference, std::string_view view) {
  const std::size_t limit = maxOctets(to);
  const std::lock_guard lock(mutex_);
  Chain& chain = chains_[keyOf(to, view)];
  if (!chain.differences.empty() && chain.differences.back()->to() != difference->from()) chain = {};
  chain.octets += difference->octets();
  chain.differences.push_back(std::move(difference));
  while (chain.octets > limit || chain.differences.size() > maxVersions) {
    chain.octets -= chain.differences.front()->octets();
    chain.differences.pop_front();
  }
}

void RecentDifferences::forget(NameView origin, Class rrClass, std::string_view view) {
  const std::lock_guard lock(mutex_);
  chains_.erase({std::string(view), origin, rrClass});
}

DifferenceSource::Differences RecentDifferences::find(const Zone& to, std::string_view view, Serial from,
                                                      std::size_t maxOctets) const {
  const std::lock_guard lock(mutex_);
  const auto found = chains_.find(keyOf(to, view));
  if (found == chains_.end()) return {};
  const auto& known = found->second.differences;
  // From the newest one back: a serial may have come again after it went round.
  auto end = std::find_if(known.rbegin(), known.rend(),
                          [&](const auto& difference) { return difference->to().value() == to.serial(); });
  Differences differences;
  std::size_t octets = 0;
  for (auto at = end; at != known.rend(); ++at) {
    octets += (*at)->octets();
    if (octets > maxOctets) return {};
    differences.push_back(*at);
    if ((*at)->from() == from) {
      std::reverse(differences.begin(), differences.end());
      return differences;
    }
  }
  return {};
}

std::size_t RecentDifferences::octets() const {
  const std::lock_guard lock(mutex_);
  std::size_t sum = 0;
  for (const auto& [key, chain] : chains_) sum += chain.octets;
  return sum;
}

}  // namespace taut
