// The records of one owner while the next version of a zone is made: views of records of the version before, and of
// those that are added.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/zone_node.hpp"

namespace taut::detail {

struct PendingSet {
  std::uint32_t order = 0;  // see `setOrder`
  std::uint32_t ttl = 0;
  Type type{};
  std::vector<ByteSpan> records;  // in canonical order (RFC 4034 section 6.3)
};

class NodeRecords {
 public:
  // Those of a node; none where there is no node.
  explicit NodeRecords(ZoneNode node);

  // The TTL is from now on that of the whole RRset. False where the record is there already.
  bool add(Type type, std::uint32_t ttl, ByteSpan rdata);
  // False where it is not there.
  bool remove(Type type, ByteSpan rdata);
  void removeType(Type type);
  void removeAll() { sets_.clear(); }

  bool empty() const { return sets_.empty(); }
  // Ordered by type, signatures after what they cover.
  std::span<const PendingSet> sets() const { return sets_; }
  const PendingSet* find(Type type) const;
  bool has(Type type) const { return find(type) != nullptr; }

  // Octet for octet.
  bool isSameAs(ZoneNode node) const;

 private:
  std::vector<PendingSet> sets_;
};

}  // namespace taut::detail
