#include "taut/recursor/negative_trust_anchors.hpp"

#include <algorithm>

namespace taut {

bool NegativeTrustAnchors::add(NameView name, std::optional<TimePoint> end, TimePoint now) {
  const auto before = entries_.find(name);
  if (before != entries_.end()) {
    if (before->second.end) before->second.end = end;
    return true;
  }
  if (entries_.size() == maxCount) std::erase_if(entries_, [&](const auto& entry) { return entry.second.isOver(now); });
  if (entries_.size() == maxCount) return false;
  entries_.emplace(name, Entry{name, end});
  return true;
}

bool NegativeTrustAnchors::remove(NameView name) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return false;
  entries_.erase(found);
  return true;
}

const NegativeTrustAnchors::Entry* NegativeTrustAnchors::covers(NameView name, TimePoint now) const {
  if (entries_.empty()) return nullptr;
  for (;; name = name.parent()) {
    const auto found = entries_.find(name);
    if (found != entries_.end() && !found->second.isOver(now)) return &found->second;
    if (name.isRoot()) return nullptr;
  }
}

std::vector<NegativeTrustAnchors::Entry> NegativeTrustAnchors::list(TimePoint now) const {
  std::vector<Entry> listed;
  for (const auto& [name, entry] : entries_)
    if (!entry.isOver(now)) listed.push_back(entry);
  std::ranges::sort(listed, [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return listed;
}

}  // namespace taut
