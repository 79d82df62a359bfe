// A line of the log for an exception that ends where no awaiter takes it.
#pragma once

#include <exception>
#include <string_view>

namespace taut::detail {

// "`what`: the exception's text".
void logFailure(std::string_view what, const std::exception_ptr& failure) noexcept;

}  // namespace taut::detail
