#include "dohpath.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "encoding.hpp"
#include "taut/base/text.hpp"

namespace taut {

namespace {

// Whether two hexadecimal digits follow each percent sign (RFC 3986 section 2.1).
bool hasWholePercentEncodings(std::string_view text) {
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 3))
    if (text.size() - at < 3 || hexDigit(text[at + 1]) < 0 || hexDigit(text[at + 2]) < 0) return false;
  return true;
}

// How many octets follow the first octet of a character of UTF-8 (RFC 3629 section 3). Negative where `octet` begins
// none.
int continuationCount(std::uint8_t octet) {
  if (octet < 0x80) return 0;
  if (octet >= 0xc2 && octet < 0xe0) return 1;
  if (octet >= 0xe0 && octet < 0xf0) return 2;
  return octet >= 0xf0 && octet < 0xf5 ? 3 : -1;
}

bool isUtf8(std::string_view text) {
  int expected = 0;
  for (const char c : text) {
    const auto octet = static_cast<std::uint8_t>(c);
    const bool continues = (octet & 0xc0) == 0x80;
    if (continues != (expected > 0)) return false;
    expected = continues ? expected - 1 : continuationCount(octet);
    if (expected < 0) return false;
  }
  return expected == 0;
}

// A percent sign is a part of the name, with the two digits after it: the caller has checked the digits.
bool isVariableCharacter(char c) {
  return isDigit(c) || (toUpper(c) >= 'A' && toUpper(c) <= 'Z') || c == '_' || c == '%';
}

// RFC 6570 section 2.3: characters, with single dots between them.
bool isVariableName(std::string_view name) {
  for (std::size_t at = 0; at < name.size(); ++at) {
    const bool isInnerDot = name[at] == '.' && at > 0 && name[at - 1] != '.' && at + 1 < name.size();
    if (!isInnerDot && !isVariableCharacter(name[at])) return false;
  }
  return !name.empty();
}

// RFC 6570 section 2.4: ":" and a length from 1 to 9999, "*", or nothing.
bool isVariableModifier(std::string_view modifier) {
  if (modifier.empty() || modifier == "*") return true;
  const std::string_view digits = modifier.substr(1);
  return modifier[0] == ':' && !digits.empty() && digits.size() <= 4 && digits[0] != '0' &&
         std::ranges::all_of(digits, isDigit);
}

// The text between braces: variables, and before them an operator or none. Notes whether a variable is "dns".
bool isExpression(std::string_view list, bool& hasDns) {
  constexpr std::string_view operators = "+#./;?&";
  if (!list.empty() && operators.find(list[0]) != std::string_view::npos) list.remove_prefix(1);
  while (true) {
    const std::size_t end = std::min(list.find(','), list.size());
    const std::string_view variable = list.substr(0, end);
    const std::size_t nameEnd = std::min(variable.find_first_of(":*"), variable.size());
    const std::string_view name = variable.substr(0, nameEnd);
    if (!isVariableName(name) || !isVariableModifier(variable.substr(nameEnd))) return false;
    hasDns = hasDns || name == "dns";
    if (end == list.size()) return true;
    list.remove_prefix(end + 1);
  }
}

}  // namespace

bool isDohPath(std::string_view value) {
  if (!value.starts_with('/') || !isUtf8(value) || !hasWholePercentEncodings(value)) return false;
  bool hasDns = false;
  for (std::size_t open = value.find('{'); open != std::string_view::npos; open = value.find('{', open + 1)) {
    const std::size_t close = value.find('}', open);
    if (close == std::string_view::npos || !isExpression(value.substr(open + 1, close - open - 1), hasDns))
      return false;
    open = close;
  }
  return hasDns;
}

}  // namespace taut
