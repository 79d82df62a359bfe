// Runs a fuzz target over the files of a corpus folder: `PROGRAM FOLDER`. Ends with the usual line of counts.
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/fuzz.hpp"

namespace {

std::string readFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1]))
    if (entry.is_regular_file()) paths.push_back(entry.path());
  if (paths.empty()) {
    std::cout << "no file in " << argv[1] << "\n0 passed, 1 failed\n";
    return 1;
  }
  for (const auto& path : paths) {
    std::cout << path.filename().string() << std::endl;  // flushed: the last one named is the one that broke off
    const std::string input = readFile(path);
    // A buffer of the exact size, so that ASan sees the first octet read beyond it.
    const std::vector<std::uint8_t> octets(input.begin(), input.end());
    LLVMFuzzerTestOneInput(octets.data(), octets.size());
  }
  std::cout << paths.size() << " passed, 0 failed\n";
  return 0;
}
