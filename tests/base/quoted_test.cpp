#include "taut/base/quoted.hpp"

#include <string_view>

#include <doctest/doctest.h>

namespace quoted_test {

using taut::quoted;
using taut::quotedForFile;

TEST_CASE("what would end a text in quotes, or may not stand in one, is escaped") {
  CHECK(quoted("") == R"("")");
  CHECK(quoted("plain é") == R"("plain é")");
  CHECK(quoted("a\"b\\c") == R"("a\"b\\c")");
  CHECK(quoted("a\nb\t\x7f") == "\"a\\u000ab\\u0009\\u007f\"");
  CHECK(quoted(std::string_view("\0", 1)) == R"("\u0000")");
}

TEST_CASE("for a file each beginning of a variable is escaped too, and nothing else") {
  CHECK(quotedForFile("${A}") == R"("$${A}")");
  CHECK(quotedForFile("$${A}") == R"("$$${A}")");
  CHECK(quotedForFile("${${") == R"("$${$${")");
  CHECK(quotedForFile("$ { $\"") == R"("$ { $\"")");
}

}  // namespace quoted_test
