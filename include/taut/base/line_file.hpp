// Files of the operator that have one entry on each line.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace taut {

// Calls `read` with each line, without its end, and its number from 1; empty lines and comments, which begin with `#`,
// are left out. Throws std::runtime_error where the file cannot be read.
void forEachLine(const std::string& path, const std::function<void(const std::string& line, std::size_t number)>& read);

}  // namespace taut
