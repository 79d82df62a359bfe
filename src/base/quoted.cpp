#include "taut/base/quoted.hpp"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

namespace taut {

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < ' ' || octet == 0x7f) {
      result += fmt::format("\\u{:04x}", octet);
      continue;
    }
    if (c == '"' || c == '\\') result.push_back('\\');
    result.push_back(c);
  }
  return result + '"';
}

std::string quotedForFile(std::string_view text) {
  std::string result = quoted(text);
  constexpr std::string_view escaped = "$${";
  for (std::size_t at = result.find("${"); at != std::string::npos; at = result.find("${", at + escaped.size()))
    result.insert(at, 1, '$');
  return result;
}

bool isQuotableKey(std::string_view name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '*'; });
}

}  // namespace taut
