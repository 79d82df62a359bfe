// The file of secrets that make server cookies and prove them: the same on all servers of one service.
#pragma once

#include <string>
#include <vector>

#include "taut/server/server_cookies.hpp"

namespace taut {

// 32 hexadecimal digits on each line; `#` begins a comment. Throws std::runtime_error
// with file, line and column, also where others may read the file.
std::vector<ServerCookies::Secret> readCookieSecrets(const std::string& path);

}  // namespace taut
