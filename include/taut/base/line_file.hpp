// Files of the operator that have one entry on each line.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace taut {

// Calls `read` with each line, without its end, and its number from 1; empty lines and comments, which begin with `#`,
// are left out, and so is a byte order mark at the front. Throws std::runtime_error where the file cannot be read.
void forEachLine(const std::string& path, const std::function<void(std::string_view line, std::size_t number)>& read);

}  // namespace taut
