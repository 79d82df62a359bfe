// What an exception says to an operator. That memory has run out comes as the name of a type otherwise.
#pragma once

#include <exception>
#include <new>

namespace taut {

inline const char* reasonOf(const std::exception& error) noexcept {
  return dynamic_cast<const std::bad_alloc*>(&error) != nullptr ? "there is not enough memory" : error.what();
}

// The same of any exception, for as long as `failure` refers to it.
inline const char* reasonOf(const std::exception_ptr& failure) noexcept {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return reasonOf(error);
  } catch (...) {
    return "an exception of an unknown type";
  }
}

}  // namespace taut
