#include "taut/dnstap/dnstap.hpp"

#include <chrono>
#include <utility>

namespace taut {

DnstapSelection DnstapSelection::all() {
  DnstapSelection selection;
  for (const DnstapType type : {DnstapType::authQuery, DnstapType::authResponse, DnstapType::clientQuery,
                                DnstapType::clientResponse, DnstapType::forwarderQuery, DnstapType::forwarderResponse})
    selection.add(type);
  return selection;
}

Dnstap::Dnstap(Shard& shard, DnstapSocket socket)
    : shard_(shard), writer_(shard, std::move(socket)), identity_({}, {}) {}

// By a counter, so that no random number is drawn for a query.
bool Dnstap::picks(std::uint32_t& passed) const noexcept {
  if (++passed < selection_.oneIn) return false;
  passed = 0;
  return true;
}

WallTime Dnstap::wallTimeOf(TimePoint time) noexcept {
  if (turn_ != shard_.now()) {
    turn_ = shard_.now();
    turnTime_ = shard_.clock().wallTime();
  }
  return turnTime_ - std::chrono::duration_cast<WallTime::duration>(turn_ - time);
}

void Dnstap::add(DnstapType type, const DnstapParties& parties, TimePoint queried, ByteSpan octets) noexcept {
  if (!selection_.has(type)) return;
  DnstapMessage message{type, parties.transport, parties.querier, parties.responder, wallTimeOf(queried), {}, octets};
  if (isResponse(type)) message.responseTime = wallTimeOf(shard_.now());
  const DnstapEntry entry(identity_, message);
  const MutableByteSpan room = writer_.add(entry.size());
  if (!room.empty()) entry.write(room);
}

}  // namespace taut
