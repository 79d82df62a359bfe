// A set of names in little memory, for lists of hundreds of thousands: a blocklist, say. A name costs its octets, one
// more, and up to eleven of index; as a `Name` in a std::unordered_set it costs 256 and the nodes of the heap.
//
//   NameSet blocked;
//   blocked.insert(Name("ads.example"));
//   if (const auto listed = blocked.covering(query.name())) …   // ads.example itself, or a name below it
//
// Names are only added. What is asked for changes nothing, so that threads may share a set that is complete.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "taut/dns/name.hpp"

namespace taut {

class NameSet {
 public:
  // False where it is there already, in whatever case. Throws std::length_error beyond 4 GiB of names.
  bool insert(NameView name);

  bool contains(NameView name) const { return find(name).has_value(); }
  // The longest name of the set that `name` is within, as it was inserted; nothing where there is none. It looks once
  // for each label of `name`, at most. The view is valid until the next name is inserted.
  std::optional<NameView> covering(NameView name) const;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Octets of memory that it holds.
  std::size_t memory() const { return octets_.capacity() + slots_.capacity() * sizeof(std::uint32_t); }
  // Gives back the memory that further names would have used.
  void shrinkToFit() { octets_.shrink_to_fit(); }

 private:
  std::optional<NameView> find(NameView name) const;
  NameView at(std::uint32_t slot) const;
  std::size_t slotOf(NameView name) const;
  void grow();

  std::vector<std::uint8_t> octets_;  // size and octets of each name, one after the other
  std::vector<std::uint32_t> slots_;  // open addressing, at most three quarters full: 1 + offset of a name; 0 is free
  std::size_t size_ = 0;
};

}  // namespace taut
