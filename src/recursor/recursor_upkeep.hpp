// What a recursor does of its own accord.
//
//  - Once somebody has needed the servers of the root, they are asked for again when 80 % of the time is over for which
//    they are known (RFC 8109), so that no question has to wait for that.
//  - A negative trust anchor that has an end is removed as soon as its zone is good without it (RFC 7646 section 2),
//    which the first of several shards looks at every 300 s for all of them. Who looks knows nothing yet and makes no
//    exceptions: it is a recursor with caches of its own.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "recursor_core.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/name.hpp"

namespace taut::detail {

class RecursorUpkeep {
 public:
  static constexpr std::chrono::seconds checkInterval{300};  // of negative trust anchors

  explicit RecursorUpkeep(RecursorCore& core) : core_(core) {}

  void start(TaskScope& work);

 private:
  Task<> keepRoot(StopToken stop);
  Task<> keepRootWhileKnown(StopToken stop);
  std::optional<TimePoint> endOfRoot() const;  // nothing where it is not known
  Task<> checkExceptions(StopToken stop);
  Task<> checkPassingExceptions(StopToken stop);
  Task<bool> isGood(Name zone, StopToken stop);
  std::vector<Name> passingExceptions() const;
  void remove(NameView exception);

  RecursorCore& core_;
};

}  // namespace taut::detail
