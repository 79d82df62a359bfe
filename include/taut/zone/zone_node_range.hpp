// Nodes of a version of a zone, in canonical order: those that its image lists, and those that its delta has beside
// them. Each is the one that the version has, and places without one are passed over.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "taut/dns/name.hpp"
#include "taut/zone/node_layout.hpp"
#include "taut/zone/zone_delta.hpp"
#include "taut/zone/zone_node.hpp"

namespace taut {

class ZoneNodeRange {
 public:
  class Iterator;

  // `count` is the number of nodes. `delta` may be null; what the version has beside the image is `added` in its
  // levels.
  ZoneNodeRange(const detail::NodeHeader* first, std::span<const std::uint32_t> listed, std::size_t count,
                const detail::ZoneDelta* delta, detail::ZoneDelta::Places detail::DeltaLevel::*added)
      : first_(first), listed_(listed), count_(count), delta_(delta), added_(added) {}

  Iterator begin() const;
  Iterator end() const;
  // The first node behind a name.
  Iterator after(NameView name) const;

  std::size_t size() const { return count_; }

 private:
  const detail::NodeHeader* first_;
  std::span<const std::uint32_t> listed_;
  std::size_t count_;
  const detail::ZoneDelta* delta_;
  detail::ZoneDelta::Places detail::DeltaLevel::*added_;
};

// It is valid as long as the zone is.
class ZoneNodeRange::Iterator {
 public:
  using value_type = ZoneNode;
  using difference_type = std::ptrdiff_t;

  Iterator() = default;

  ZoneNode operator*() const { return ZoneNode(node_); }  // none at the end
  Iterator& operator++() {
    if (delta_ == nullptr)
      nextListed();
    else
      nextOfBoth();
    return *this;
  }
  Iterator operator++(int) {
    Iterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const Iterator& a, const Iterator& b) { return a.node_ == b.node_; }

 private:
  friend ZoneNodeRange;

  using Places = std::span<const std::uint32_t>;

  void nextListed() {
    node_ = listed_.empty() ? nullptr : first_->at(listed_.front());
    if (node_ != nullptr) listed_ = listed_.subspan(1);
  }
  void start();
  void nextOfBoth();
  void findLeast();

  const detail::NodeHeader* node_ = nullptr;  // null at the end
  const detail::NodeHeader* first_ = nullptr;
  Places listed_;  // behind the node
  const detail::ZoneDelta* delta_ = nullptr;
  std::array<Places, detail::ZoneDelta::levelCount> added_;  // behind the node
  std::size_t least_ = detail::ZoneDelta::levelCount;  // which of them goes on with the first name; none: the count
};

inline ZoneNodeRange::Iterator ZoneNodeRange::end() const {
  return {};
}

}  // namespace taut
