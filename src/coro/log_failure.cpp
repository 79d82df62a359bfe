#include "taut/coro/log_failure.hpp"

#include <exception>

#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"

namespace taut::detail {

void logFailure(std::string_view what, const std::exception_ptr& failure) noexcept {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    log::error("{}: {}", what, reasonOf(error));
  } catch (...) {
    log::error("{}: an exception of an unknown type", what);
  }
}

}  // namespace taut::detail
