// Files that hold the secret of one key.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace taut {

// Base64 on one line; `#` begins a comment. Throws std::runtime_error with file, line and column, also where others may
// read the file.
std::vector<std::uint8_t> readTsigSecret(const std::string& path);

}  // namespace taut
