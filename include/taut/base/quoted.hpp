// Texts as files say them.
#pragma once

#include <string>
#include <string_view>

namespace taut {

// The text between double quotes, its quotes, backslashes and control characters escaped: a basic string of TOML, and a
// string of JSON. The text is UTF-8.
std::string quoted(std::string_view text);

// The same for a configuration file, where `${` begins a variable, and `$${` stands for the characters themselves.
std::string quotedForFile(std::string_view text);

// Whether a table or a value of a configuration file may have the name, in quotes where it needs them: one that its
// path can be told from.
bool isQuotableKey(std::string_view name);

}  // namespace taut
