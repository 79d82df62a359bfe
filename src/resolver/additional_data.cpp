#include "additional_data.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "taut/dns/rdata.hpp"

namespace taut {

namespace {

// The names of hosts that were given already, in a hash table that never fills.
class HostNames {
 public:
  explicit HostNames(std::size_t atMost) {
    const std::size_t count = std::bit_ceil(2 * atMost);
    if (count > inline_.size()) heap_.resize(count);
    slots_ = heap_.empty() ? std::span(inline_).first(count) : std::span(heap_);
    std::ranges::fill(slots_, Slot{});
  }

  // False where the name is there already.
  bool add(NameView name) {
    std::size_t at = name.hash() & (slots_.size() - 1);
    for (; slots_[at].octets != nullptr; at = (at + 1) & (slots_.size() - 1))
      if (NameView::trusted(slots_[at].octets, slots_[at].size) == name) return false;
    slots_[at] = {name.data(), name.size()};
    return true;
  }

 private:
  struct Slot {
    const std::uint8_t* octets;
    std::size_t size;
  };

  std::array<Slot, 256> inline_;  // enough for the records of a reply over UDP
  std::vector<Slot> heap_;
  std::span<Slot> slots_;
};

}  // namespace

class AdditionalData::Drawing {
 public:
  Drawing(const AdditionalData& data, AdditionalSink& sink)
      : data_(data), set_(data.node_.rrset(data.type_)), sink_(sink), names_(set_.data.count) {}

  void addresses() {
    hosts([](NameView) { return true; }, false);
  }

  // Addresses below the cut have no other source, so they go first and are required (RFC 9471 section 3).
  void glue() {
    bool others = false;
    const auto isBelow = [&](NameView name) {
      const bool below = name.isWithin(data_.owner_);
      others |= !below;
      return below;
    };
    if (hosts(isBelow, true) && others) hosts([&](NameView name) { return !name.isWithin(data_.owner_); }, false);
  }

 private:
  // False where the sink wants no more.
  template <class Choice>
  bool hosts(const Choice& isChosen, bool required) {
    std::size_t record = 0;
    for (const ByteSpan rdata : set_.data) {
      const ZoneNode host = data_.zone_->target(set_, record++, rdata);
      const auto target = host ? additionalName(data_.type_, rdata) : std::nullopt;
      if (!target) continue;
      const NameView name = target->isRoot() ? data_.owner_ : *target;  // RFC 9460 section 2.5
      if (!isChosen(name) || (set_.data.count > 1 && !names_.add(name))) continue;
      if (!dataOf(host, name, required)) return false;
    }
    return true;
  }

  bool dataOf(ZoneNode host, NameView name, bool required) {
    switch (data_.type_) {
      case Type::NAPTR:
        if (!rrset(host, Type::SRV, name, required)) return false;
        break;
      case Type::SVCB:
      case Type::HTTPS:
        if ((host != data_.node_ || name != data_.owner_) && !rrset(host, data_.type_, name, required)) return false;
        break;
      default:
        break;
    }
    return rrset(host, Type::A, name, required) && rrset(host, Type::AAAA, name, required);
  }

  bool rrset(ZoneNode host, Type type, NameView name, bool required) {
    ZoneRRset found = host.rrset(type);
    if (!found) return true;
    if (host.isWildcard()) found.data.owner = found.rrsig.owner = name;
    if (!data_.signatures_) found.rrsig.count = 0;
    return sink_.take(found.data, found.rrsig, required);
  }

  const AdditionalData& data_;
  const ZoneRRset set_;
  AdditionalSink& sink_;
  HostNames names_;
};

void AdditionalData::draw(AdditionalSink& sink) const {
  Drawing drawing(*this, sink);
  if (node_.isCut() && type_ == Type::NS)
    drawing.glue();
  else
    drawing.addresses();
}

}  // namespace taut
