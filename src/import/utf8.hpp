// Text as TOML wants it: UTF-8 (RFC 3629).
#pragma once

#include <string>
#include <string_view>

namespace taut::importer {

bool isUtf8(std::string_view text);

// Each octet as the character with its number.
std::string fromLatin1(std::string_view text);

}  // namespace taut::importer
