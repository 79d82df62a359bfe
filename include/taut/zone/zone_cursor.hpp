// The records of a transfer, one after the other: those of a whole zone (RFC 5936 section 2.2), and those of
// differences (RFC 1995 section 4). What they go through outlives them.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "taut/dns/rrset.hpp"
#include "taut/zone/record_list.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_difference.hpp"

namespace taut::detail {

// The SOA, all other records, those of NSEC3 owners last, and the SOA.
class ZoneCursor {
 public:
  explicit ZoneCursor(const Zone& zone);

  bool atEnd() const { return left_ == 0; }
  ZoneRecord record() const { return {set_.owner, set_.type, set_.ttl, *record_}; }
  void next() {
    ++record_;
    if (--left_ == 0) nextRRset();
  }

 private:
  using Nodes = Zone::NodeRange;

  void take(const RRset& set);
  void nextRRset();
  bool enterNextNode();

  RRset soa_;
  Nodes nodes_;
  Nodes chain_;
  Nodes::Iterator node_;
  Nodes::Iterator link_;
  ZoneNode::Iterator nextSet_;
  ZoneNode::Iterator setsEnd_;
  RRset set_;
  RRset::Iterator record_;
  std::size_t left_ = 0;  // of the set: this record and those after it
  bool ends_ = false;     // the set is the last SOA
};

// The SOA of the newest version, each difference, and that SOA.
class DifferenceCursor {
 public:
  using Differences = std::span<const std::shared_ptr<const ZoneDifference>>;

  DifferenceCursor(const RRset& soa, Differences differences);

  bool atEnd() const { return stage_ == Stage::end; }
  ZoneRecord record() const { return stage_ == Stage::removed || stage_ == Stage::added ? *at_ : soa_; }
  void next();

 private:
  enum class Stage : std::uint8_t { first, removed, added, last, end };

  void enter(Stage stage);

  ZoneRecord soa_;
  Differences differences_;  // this one and those after it
  Stage stage_ = Stage::first;
  RecordList::Iterator at_;  // in a list of the difference
  RecordList::Iterator end_;
};

}  // namespace taut::detail
