// The name of a socket file, as the kernel takes it.
#pragma once

#include <sys/un.h>

#include <optional>
#include <string>

#include "taut/net/unix_stream.hpp"

namespace taut::detail {

// Nothing for a path that is empty or too long.
inline std::optional<sockaddr_un> unixName(const std::string& path) noexcept {
  sockaddr_un name{};
  static_assert(sizeof name.sun_path == maxSocketPath + 1);
  if (path.empty() || path.size() > maxSocketPath) return std::nullopt;
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, path.size());
  return name;
}

}  // namespace taut::detail
