// Files of the operator that have one entry on each line.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace taut {

// Calls `read` with each line, without its end, and its number from 1. Empty lines, comments, which begin with `#`, and
// a byte order mark at the front are left out. Throws std::runtime_error where the file cannot be read.
void forEachLine(const std::string& path, const std::function<void(std::string_view line, std::size_t number)>& read);

}  // namespace taut
