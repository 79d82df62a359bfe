#include "taut/server/failure_log.hpp"

#include <utility>

#include "taut/base/log.hpp"

namespace taut {

void FailureLog::add(const Query& query, std::string_view what, TimePoint now) {
  if (begin(now)) log::error("{} {} from {}: {}", query.name(), query.type(), query.peer(), what);
}

void FailureLog::add(const Address& peer, std::string_view what, TimePoint now) {
  if (begin(now)) log::error("the session of {}: {}", peer, what);
}

// Whether there is a line to follow.
bool FailureLog::begin(TimePoint now) {
  if (!mayLog(now)) {
    ++leftOut_;
    return false;
  }
  if (leftOut_ > 0) log::error("{} more queries failed", std::exchange(leftOut_, 0));
  return true;
}

bool FailureLog::mayLog(TimePoint now) {
  if (now - second_ >= std::chrono::seconds(1)) {
    second_ = now;
    lines_ = 0;
  }
  return ++lines_ <= linesPerSecond;
}

}  // namespace taut
