// The steps of a dynamic update (RFC 2136 section 3.4.2). What one of them does depends on what those before it have
// left, so that the records of each owner are followed.
#pragma once

#include <map>
#include <utility>

#include "node_records.hpp"
#include "taut/dns/name.hpp"
#include "taut/zone/update_message.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_change.hpp"

namespace taut::detail {

class UpdateSteps {
 public:
  explicit UpdateSteps(const Zone& zone) : zone_(zone) {}

  // Each record, which outlives this object.
  void take(const UpdateRecord& record);

  ZoneChange takeChange() { return std::move(change_); }

 private:
  bool isApex(NameView name) const { return name == zone_.origin(); }
  NodeRecords& recordsOf(NameView owner);
  void add(const UpdateRecord& record, NodeRecords& records);
  void removeReplaced(const UpdateRecord& record, NodeRecords& records);
  void removeName(NameView owner, NodeRecords& records);
  void removeRRset(const UpdateRecord& record, NodeRecords& records);
  void removeRecord(const UpdateRecord& record, NodeRecords& records);

  const Zone& zone_;
  ZoneChange change_;
  std::map<NameView, NodeRecords> owners_;
};

}  // namespace taut::detail
