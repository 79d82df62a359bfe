// The records of one owner as the RRsets that go into the zone.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "diagnostic_list.hpp"
#include "owner_keys.hpp"
#include "record_log.hpp"
#include "taut/dns/type.hpp"

namespace taut::detail {

struct OwnerRecord {
  std::uint32_t order;  // see `setOrder`
  std::uint32_t index;  // among the records of the owner as they were read
  const LoggedRecord* logged;
  std::uint16_t file;
};

// An RRset in canonical order (RFC 4034 section 6.3), without duplicate records (RFC 2181 section 5).
struct SetPlan {
  std::span<const OwnerRecord> records;
  std::uint32_t ttl;  // of the record that was read first

  Type type() const { return static_cast<Type>(records.front().logged->type); }
};

class OwnerRecords {
 public:
  OwnerRecords(const RecordLog& log, DiagnosticList& diagnostics) : log_(log), diagnostics_(diagnostics) {}

  // Reads the runs of one owner, in place of the owner before. Records that are left out draw messages.
  void read(std::span<const OwnerKey> runs);

  // Ordered by type, signatures after what they cover. NSEC3 records and their signatures are not data of the name:
  // their owner is a place in the chain, where look-ups of names find nothing (RFC 5155 section 7.2.8).
  std::span<const SetPlan> ordinary() const { return ordinary_; }
  std::span<const SetPlan> nsec3() const { return nsec3_; }

 private:
  void gather(std::span<const OwnerKey> runs);
  SetPlan makeSet(std::span<OwnerRecord> records);
  void warnOfTtls(std::span<const OwnerRecord> records);
  RecordPlace placeOf(const OwnerRecord& record) const { return {log_.file(record.file), record.logged->line}; }

  const RecordLog& log_;
  DiagnosticList& diagnostics_;
  NameView owner_;
  std::vector<OwnerRecord> records_;
  std::vector<SetPlan> ordinary_;
  std::vector<SetPlan> nsec3_;
};

}  // namespace taut::detail
