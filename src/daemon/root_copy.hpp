// The local root of the recursors: the zone "." of the server, in the version that is there now, where it is proven.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "config/configuration.hpp"
#include "taut/dnssec/algorithm.hpp"
#include "taut/recursor/local_root.hpp"
#include "taut/recursor/trust_anchors.hpp"
#include "taut/zone/zone_set.hpp"

namespace taut {

// Any thread may use it.
class RootCopy {
 public:
  // From the next `update` on. A version that was refused before is looked at again.
  void set(const config::Configuration& configuration);
  // What versions are proven by that come from now on; null for none. Never waits for long.
  void setAnchors(std::shared_ptr<const TrustAnchors> anchors);

  // Null where servers of the root are to be asked. Each version of the zone is looked at once, which takes as long as
  // a hash over all of it, and not on a thread that answers queries. The log says what has changed.
  std::shared_ptr<const LocalRoot> update(const ZoneSet& zones);

 private:
  void look(std::shared_ptr<const Zone> zone);
  std::shared_ptr<const TrustAnchors> anchors() const;

  std::mutex mutex_;
  bool isWanted_ = false;
  AlgorithmPolicy algorithms_;
  std::shared_ptr<const Zone> looked_;  // at last; null for none
  std::string refusal_;                 // why the last one was not taken, as the log has it
  std::shared_ptr<const LocalRoot> now_;
  mutable std::mutex anchorsMutex_;
  std::shared_ptr<const TrustAnchors> anchors_;
};

}  // namespace taut
