#include "taut/base/stop_token.hpp"

namespace taut {

StopSource::StopSource(StopToken parent) noexcept {
  if (!parent_.attach(parent)) stopped_ = true;
}

StopSource::~StopSource() {
  callbacks_.clear();
  if (destroyed_ != nullptr) *destroyed_ = true;
}

bool StopSource::requestStop() noexcept {
  if (stopped_) return true;
  stopped_ = true;
  bool destroyed = false;
  destroyed_ = &destroyed;
  while (StopCallbackBase* callback = callbacks_.popFront()) {
    callback->function_(*callback);
    if (destroyed) return false;
  }
  destroyed_ = nullptr;
  return true;
}

}  // namespace taut
