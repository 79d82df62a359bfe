#include "taut/zone/zone_change.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace taut {

void ZoneChange::add(NameView owner, Type type, std::uint32_t ttl, ByteSpan rdata) {
  if (rdata.size() > maxRdataSize) return refuse(owner, type);
  store({Step::Kind::add, type, std::min(ttl, maxTtl), owner, rdata});
}

void ZoneChange::remove(NameView owner, Type type) {
  store({Step::Kind::removeType, type, 0, owner, {}});
}

void ZoneChange::remove(NameView owner, Type type, ByteSpan rdata) {
  if (rdata.size() > maxRdataSize) return refuse(owner, type);
  store({Step::Kind::removeRecord, type, 0, owner, rdata});
}

void ZoneChange::removeName(NameView owner) {
  store({Step::Kind::removeName, {}, 0, owner, {}});
}

ZoneChange::Step ZoneChange::step(std::size_t index) const {
  const Stored& stored = steps_[index];
  const ByteSpan octets = ByteSpan(octets_).subspan(stored.at);
  return {stored.kind, stored.type, stored.ttl, NameView::trusted(octets.data(), stored.ownerSize),
          octets.subspan(stored.ownerSize, stored.rdataSize)};
}

void ZoneChange::store(const Step& step) {
  steps_.push_back({octets_.size(), step.ttl, step.type, static_cast<std::uint16_t>(step.rdata.size()),
                    static_cast<std::uint8_t>(step.owner.size()), step.kind});
  octets_.insert(octets_.end(), step.owner.data(), step.owner.data() + step.owner.size());
  octets_.insert(octets_.end(), step.rdata.begin(), step.rdata.end());
}

void ZoneChange::refuse(NameView owner, Type type) {
  if (error_.empty()) error_ = fmt::format("{} {}: the RDATA has no wire form", owner, toString(type));
}

}  // namespace taut
