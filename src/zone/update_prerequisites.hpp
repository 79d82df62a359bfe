// The prerequisites of a dynamic update, compared with a version of its zone (RFC 2136 section 3.2.5).
#pragma once

#include <map>
#include <optional>

#include "node_records.hpp"
#include "taut/dns/name.hpp"
#include "taut/zone/update_message.hpp"
#include "taut/zone/zone.hpp"

namespace taut::detail {

class UpdatePrerequisites {
 public:
  using Problem = std::optional<UpdateFailure>;

  explicit UpdatePrerequisites(const Zone& zone) : zone_(zone) {}

  // Each prerequisite, which outlives this object.
  Problem take(const UpdateRecord& record);
  // After the last one: whether the RRsets that they give record by record are those of the zone.
  Problem finish() const;

 private:
  const Zone& zone_;
  std::map<NameView, NodeRecords> wanted_;
};

}  // namespace taut::detail
