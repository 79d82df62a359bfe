#include "taut/dns/name_set.hpp"

#include <limits>
#include <stdexcept>

namespace taut {

bool NameSet::insert(NameView name) {
  if (4 * (size_ + 1) > 3 * slots_.size()) grow();
  const std::size_t slot = slotOf(name);
  if (slots_[slot] != 0) return false;
  if (octets_.size() + 1 + name.size() >= std::numeric_limits<std::uint32_t>::max())
    throw std::length_error("too many names for one set");
  const auto offset = static_cast<std::uint32_t>(octets_.size());
  octets_.push_back(static_cast<std::uint8_t>(name.size()));
  octets_.insert(octets_.end(), name.data(), name.data() + name.size());
  slots_[slot] = offset + 1;
  ++size_;
  return true;
}

std::optional<NameView> NameSet::covering(NameView name) const {
  for (;; name = name.parent()) {
    if (const auto found = find(name)) return found;
    if (name.isRoot()) return std::nullopt;
  }
}

std::optional<NameView> NameSet::find(NameView name) const {
  if (empty()) return std::nullopt;
  const std::uint32_t found = slots_[slotOf(name)];
  if (found == 0) return std::nullopt;
  return at(found);
}

NameView NameSet::at(std::uint32_t slot) const {
  const std::uint8_t* const stored = octets_.data() + slot - 1;
  return NameView::trusted(stored + 1, *stored);
}

// The slot that has the name, or the free one where it belongs.
std::size_t NameSet::slotOf(NameView name) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = name.hash() & mask;
  while (slots_[slot] != 0 && at(slots_[slot]) != name) slot = (slot + 1) & mask;
  return slot;
}

void NameSet::grow() {
  std::vector<std::uint32_t> before(slots_.empty() ? 64 : 2 * slots_.size());
  before.swap(slots_);
  for (const std::uint32_t stored : before)
    if (stored != 0) slots_[slotOf(at(stored))] = stored;
}

}  // namespace taut
