// The names of one message that names after them can be compressed against (RFC 1035 section 4.1.4): a table of fixed
// size, for messages of several hundred records. Of two names that fall into one slot, the later one stays.
//
// Names are told apart by their case. Those that are put stay in place until the message is finished.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"

namespace taut::detail {

class WrittenNames {
 public:
  struct Slot {
    const std::uint8_t* octets = nullptr;  // that the name was written from
    std::uint32_t message = 0;             // in which it was
    std::uint16_t offset = 0;              // where it was written
    std::uint8_t size = 0;
    std::uint8_t pointers = 0;  // that a reader follows from there on
  };

  // Forgets all names.
  void beginMessage() { ++message_; }

  // The slot of a name, which is not the root; it may hold another name, or one of an earlier message.
  Slot& slot(NameView name) { return slots_[indexOf(name)]; }
  bool holds(const Slot& slot, NameView name) const {
    return slot.message == message_ && slot.size == name.size() &&
           std::memcmp(slot.octets, name.data(), name.size()) == 0;
  }
  void put(Slot& slot, NameView name, std::size_t offset) const {
    slot = {name.data(), message_, static_cast<std::uint16_t>(offset), static_cast<std::uint8_t>(name.size()), 0};
  }

 private:
  static constexpr unsigned slotBits = 11;

  // By the first octets of the first label, its last ones, and the size: neighbours in a zone differ in one of these.
  static std::size_t indexOf(NameView name) {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
    std::uint64_t head = 0;
    if (name.size() >= sizeof head)
      std::memcpy(&head, name.data(), sizeof head);
    else
      std::memcpy(&head, name.data(), 3);  // only the root is shorter
    if (const std::size_t label = name.data()[0]; label >= sizeof head) {
      std::uint64_t tail;
      std::memcpy(&tail, name.data() + 1 + label - sizeof tail, sizeof tail);
      head ^= tail * odd;
    }
    return (head + name.size()) * odd >> (64 - slotBits);
  }

  std::uint32_t message_ = 0;
  std::array<Slot, std::size_t{1} << slotBits> slots_;
};

}  // namespace taut::detail
