#include "taut/coro/log_failure.hpp"

#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"

namespace taut::detail {

void logFailure(std::string_view what, const std::exception_ptr& failure) noexcept {
  log::error("{}: {}", what, reasonOf(failure));
}

}  // namespace taut::detail
