#include "taut/base/replacement_file.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <doctest/doctest.h>

#include "support/temporary_folder.hpp"

namespace replacement_file_test {

using namespace taut;

namespace {

std::string contentsOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("a file is as it was until another one takes its place, with what was written and its mode") {
  const TemporaryFolder folder;
  const std::string path = folder.path("file");
  std::ofstream(path) << "before";
  ReplacementFile file(path, S_IRUSR | S_IWUSR | S_IRGRP);
  CHECK(file.write("one, "));
  CHECK(file.write("two"));
  CHECK(file.size() == 8);
  CHECK(contentsOf(path) == "before");
  REQUIRE(file.takePlace().ok());
  CHECK(contentsOf(path) == "one, two");
  CHECK(std::filesystem::status(path).permissions() == std::filesystem::perms(0640));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("of a file that does not take the place nothing stays") {
  const TemporaryFolder folder;
  {
    ReplacementFile file(folder.path("file"));
    CHECK(file.write("a part"));
  }
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("the first failure is told when the file is to take the place") {
  const TemporaryFolder folder;
  ReplacementFile file(folder.path("nowhere/file"));
  CHECK(file.fd() < 0);
  CHECK_FALSE(file.write("all"));
  const auto taken = file.takePlace();
  REQUIRE(!taken.ok());
  CHECK(taken.error() == "No such file or directory");
}

TEST_CASE("a folder is not replaced, and stays as it is") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path("file"));
  ReplacementFile file(folder.path("file"));
  CHECK(file.write("all"));
  const auto taken = file.takePlace();
  REQUIRE(!taken.ok());
  CHECK(taken.error() == "Is a directory");
  CHECK(std::filesystem::is_directory(folder.path("file")));
}

}  // namespace replacement_file_test
