// What both kinds of load need of sockets.
#pragma once

#include <cerrno>
#include <cstddef>
#include <system_error>

namespace taut {

inline constexpr std::size_t dnsHeaderSize = 12;

[[noreturn]] inline void failSocket(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace taut
