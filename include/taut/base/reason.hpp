// What an exception says to an operator. That memory has run out comes as the name of a type otherwise.
#pragma once

#include <exception>
#include <new>

namespace taut {

inline const char* reasonOf(const std::exception& error) noexcept {
  return dynamic_cast<const std::bad_alloc*>(&error) != nullptr ? "there is not enough memory" : error.what();
}

}  // namespace taut
