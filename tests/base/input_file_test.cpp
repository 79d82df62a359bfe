#include "taut/base/input_file.hpp"

#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include "support/temporary_file.hpp"

namespace input_file_test {

using taut::FileError;
using taut::InputFile;

TEST_CASE("A regular file is read whole, up to the size that is allowed") {
  const taut::TemporaryFile file("some text");
  CHECK(InputFile(file.path(), 9).readAll() == "some text");
  CHECK(InputFile(file.path(), 9).version() == taut::fileVersion(file.path()));
  CHECK_THROWS_WITH_AS(InputFile(file.path(), 8), "it is larger than 8 octets", FileError);
  CHECK(InputFile(taut::TemporaryFile("").path(), 0).readAll().empty());
}

TEST_CASE("A file that grows while it is read ends at the size that is allowed") {
  const taut::TemporaryFile file("some text");
  InputFile reading(file.path(), 12);
  std::array<char, 9> part{};
  CHECK(reading.read(part.data(), part.size()) == 9);
  std::ofstream(file.path(), std::ios::app) << "more";
  CHECK_THROWS_WITH_AS(reading.readAll(), "it is larger than 12 octets", FileError);
}

TEST_CASE("What is no regular file is refused at once, with its reason") {
  const taut::TemporaryFile fifo("");
  fifo.remove();
  REQUIRE(::mkfifo(fifo.path().c_str(), 0600) == 0);
  CHECK_THROWS_WITH_AS(InputFile(fifo.path(), 9), "it is not a regular file", FileError);
  CHECK_THROWS_WITH_AS(InputFile("/dev/zero", 9), "it is not a regular file", FileError);
  CHECK_THROWS_WITH_AS(InputFile("/", 9), "Is a directory", FileError);
  CHECK_THROWS_WITH_AS(InputFile("/nowhere/file", 9), "No such file or directory", FileError);
}

TEST_CASE("The null device is an empty file") {
  CHECK(InputFile("/dev/null", 0).readAll().empty());
}

}  // namespace input_file_test
