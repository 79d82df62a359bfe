#include "owner_records.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "canonical_rdata.hpp"

namespace taut::detail {

namespace {

constexpr std::size_t maxCount = UINT16_MAX;  // RRsets of a node, and records of an RRset

}  // namespace

void OwnerRecords::read(std::span<const OwnerKey> runs) {
  owner_ = log_.run(runs.front().run).name();
  gather(runs);
  ordinary_.clear();
  nsec3_.clear();
  const std::span<OwnerRecord> records(records_);
  for (std::size_t first = 0; first < records.size();) {
    const std::uint32_t order = records[first].order;
    std::size_t end = first + 1;
    while (end < records.size() && records[end].order == order) ++end;
    auto& part = order >> 1 == static_cast<std::uint32_t>(Type::NSEC3) ? nsec3_ : ordinary_;
    part.push_back(makeSet(records.subspan(first, end - first)));
    first = end;
  }
  if (ordinary_.size() > maxCount) {
    diagnostics_.error(fmt::format("{}: over 65535 RRsets at one name", owner_.toString()), placeOf(records_.front()));
    ordinary_.resize(maxCount);
  }
}

void OwnerRecords::gather(std::span<const OwnerKey> runs) {
  records_.clear();
  for (const OwnerKey& key : runs) {
    const OwnerRun& run = log_.run(key.run);
    const LoggedRecord* record = run.first();
    for (std::uint32_t i = 0; i < run.count; ++i, record = record->next())
      records_.push_back({setOrder(static_cast<Type>(record->type), record->rdata()),
                          static_cast<std::uint32_t>(records_.size()), record, run.file});
  }
  const auto isBefore = [](const OwnerRecord& a, const OwnerRecord& b) {
    return a.order != b.order ? a.order < b.order : a.index < b.index;
  };
  if (!std::is_sorted(records_.begin(), records_.end(), isBefore))
    std::sort(records_.begin(), records_.end(), isBefore);
}

// `records` are of one type, in the order in which they were read.
SetPlan OwnerRecords::makeSet(std::span<OwnerRecord> records) {
  const SetPlan asRead{records, records.front().logged->ttl};
  if (records.size() == 1) return asRead;
  warnOfTtls(records);
  const Type type = asRead.type();
  std::sort(records.begin(), records.end(), [type](const OwnerRecord& a, const OwnerRecord& b) {
    const auto order = compareRdata(type, a.logged->rdata(), b.logged->rdata());
    return order != 0 ? order < 0 : a.index < b.index;
  });
  const auto isSame = [&](const OwnerRecord& a, const OwnerRecord& b) {
    if (compareRdata(type, a.logged->rdata(), b.logged->rdata()) != 0) return false;
    diagnostics_.warning(
        fmt::format("{} {}: the same record is also in line {}", owner_.toString(), toString(type), a.logged->line),
        placeOf(b));
    return true;
  };
  const auto end = std::unique(records.begin(), records.end(), isSame);
  const auto once = records.first(static_cast<std::size_t>(end - records.begin()));
  if (once.size() <= maxCount) return {once, asRead.ttl};
  diagnostics_.error(fmt::format("{} {}: over 65535 records in one RRset", owner_.toString(), toString(type)),
                     placeOf(once.front()));
  return {once.first(maxCount), asRead.ttl};
}

void OwnerRecords::warnOfTtls(std::span<const OwnerRecord> records) {
  const LoggedRecord& first = *records.front().logged;
  for (const OwnerRecord& record : records.subspan(1)) {
    if (record.logged->ttl == first.ttl) continue;
    diagnostics_.warning(
        fmt::format("{} {}: TTL {} differs from {} in line {}, which the whole RRset gets (RFC 2181 section 5.2)",
                    owner_.toString(), toString(static_cast<Type>(first.type)), record.logged->ttl, first.ttl,
                    first.line),
        placeOf(record));
  }
}

}  // namespace taut::detail
