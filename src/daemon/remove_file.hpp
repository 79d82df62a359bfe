// Removes files of zones.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace taut {

// Why that could not be, or an empty text. A file that is not there is no mistake.
inline std::string removeFile(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return std::generic_category().message(errno);
}

}  // namespace taut
