// What both kinds of load need of sockets.
#pragma once

#include <cerrno>
#include <system_error>

namespace taut {

[[noreturn]] inline void failSocket(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace taut
