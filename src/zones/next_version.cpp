#include "next_version.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/serial.hpp"
#include "taut/zone/difference_between.hpp"
#include "taut/zone/recent_differences.hpp"
#include "taut/zone/record_list.hpp"
#include "taut/zone/zone_settling.hpp"
#include "taut/zone/zone_update.hpp"

namespace taut::detail {

namespace {

// An SOA record with another serial.
class SoaWithSerial {
 public:
  SoaWithSerial(const ZoneRecord& soa, Serial serial) : soa_(soa), rdata_(soa.rdata.begin(), soa.rdata.end()) {
    constexpr std::size_t fromEnd = 20;
    storeU32(rdata_.data() + rdata_.size() - fromEnd, serial.value());
    soa_.rdata = rdata_;
  }
  SoaWithSerial(const SoaWithSerial&) = delete;
  SoaWithSerial& operator=(const SoaWithSerial&) = delete;

  const ZoneRecord& record() const { return soa_; }

 private:
  ZoneRecord soa_;
  std::vector<std::uint8_t> rdata_;
};

bool areSame(const ZoneRecord& left, const ZoneRecord& right) {
  return left.ttl == right.ttl && std::ranges::equal(left.owner.wire(), right.owner.wire()) &&
         std::ranges::equal(left.rdata, right.rdata);
}

// Whether nothing but the two SOA records is in it, and these are the same, but for a serial that does not count.
bool isEmpty(const ZoneDifference& difference, bool serialCounts) {
  if (difference.removed().size() > 1 || difference.added().size() > 1) return false;
  const ZoneRecord before = difference.removed().front();
  const ZoneRecord after = difference.added().front();
  return areSame(before, serialCounts ? after : SoaWithSerial(after, difference.from()).record());
}

ZoneDifference withSerial(const ZoneDifference& difference, Serial serial) {
  RecordList added;
  added.add(SoaWithSerial(difference.added().front(), serial).record());
  for (auto record = std::next(difference.added().begin()); record != difference.added().end(); ++record)
    added.add(*record);
  return {difference.removed(), std::move(added)};
}

// The file has been checked when it was read.
Result<ZoneUpdate, std::string> update(const std::shared_ptr<const Zone>& zone, const ZoneDifference& difference) {
  ZoneChecks checks;
  checks.requireNsAddresses = checks.verifyZonemd = false;
  return updateZone(zone, std::span(&difference, 1), checks);
}

std::shared_ptr<const Zone> withSerial(const std::shared_ptr<const Zone>& zone, Serial serial) {
  const RRset soa = zone->soa().data;
  const ZoneRecord before{soa.owner, soa.type, soa.ttl, soa.front()};
  RecordList removed;
  RecordList added;
  removed.add(before);
  added.add(SoaWithSerial(before, serial).record());
  const auto updated = update(zone, {std::move(removed), std::move(added)});
  if (!updated) throw std::logic_error(updated.error());
  return updated->zone;
}

// The version before with the difference; null where the difference is large, or the version would be worth settling:
// the image that was read is settled.
std::shared_ptr<const Zone> inPlace(const std::shared_ptr<const Zone>& before, const ZoneDifference& difference) {
  constexpr std::size_t least = 4096;
  if (difference.octets() > std::max(least, before->memoryUse() / 16)) return nullptr;
  const auto updated = update(before, difference);
  return updated && !isWorthSettling(*updated->zone) ? updated->zone : nullptr;
}

}  // namespace

NextVersion nextVersion(const std::shared_ptr<const Zone>& before, const std::shared_ptr<const Zone>& read,
                        SerialPolicy policy, std::chrono::sys_seconds now) {
  const Serial last(before->serial());
  const bool isNewer = taut::isNewer(Serial(read->serial()), last);
  const bool keeps = policy == SerialPolicy::keep || read->isSigned() || read->apex().has(Type::ZONEMD);
  auto difference = differenceBetween(*before, *read, RecentDifferences::maxOctets(*read));
  if (difference && isEmpty(*difference, keeps || isNewer)) return {before};
  std::optional<Serial> serial;
  if (!isNewer && !keeps) serial = nextSerial(policy, last, now);
  if (serial && difference) difference = withSerial(*difference, *serial);
  NextVersion next{difference ? inPlace(before, *difference) : nullptr};
  next.isNewer = isNewer || serial;
  if (!next.zone) next.zone = serial ? withSerial(read, *serial) : read;
  if (difference) next.difference = std::make_shared<const ZoneDifference>(std::move(*difference));
  return next;
}

}  // namespace taut::detail
