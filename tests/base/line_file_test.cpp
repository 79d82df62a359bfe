#include "taut/base/line_file.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/temporary_file.hpp"

namespace line_file_test {

namespace {

std::string linesOf(std::string_view text) {
  const taut::TemporaryFile file(text);
  std::string lines;
  taut::forEachLine(file.path(),
                    [&](std::string_view line, std::size_t number) { lines += fmt::format("{}:{};", number, line); });
  return lines;
}

}  // namespace

TEST_CASE("Lines are given with their numbers, without their ends, and comments are left out") {
  CHECK(linesOf("a\r\n# b\n\nc d \nlast") == "1:a;4:c d ;5:last;");
  CHECK(linesOf("\n\r\n") == "");
}

TEST_CASE("A byte order mark is no part of the first line") {
  CHECK(linesOf("\xef\xbb\xbf"
                "a\n\xef\xbb\xbf"
                "b\n") ==
        "1:a;2:\xef\xbb\xbf"
        "b;");
}

TEST_CASE("What cannot be read as a file of lines is told with its path") {
  const auto read = [](std::string_view, std::size_t) {};
  CHECK_THROWS_WITH_AS(taut::forEachLine("/dev/zero", read), "/dev/zero: it is not a regular file", std::runtime_error);
  CHECK_THROWS_WITH_AS(taut::forEachLine("/", read), "/: Is a directory", std::runtime_error);
}

}  // namespace line_file_test
