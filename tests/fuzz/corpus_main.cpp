// Runs a fuzz target over the files of its corpus: `PROGRAM FOLDER`, where the last part of the folder is the target's
// name. Ends with the usual line of counts.
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "fuzz/fuzz.hpp"

namespace {

using taut::fuzz::Target;

std::map<std::string, Target>& targets() {
  static std::map<std::string, Target> all;
  return all;
}

std::string readFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

bool taut::fuzz::addTarget(const char* name, Target target) {
  return targets().emplace(name, target).second;
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::filesystem::path folder = argv[1];
  const auto found = targets().find(folder.filename().string());
  if (found == targets().end()) return 2;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.is_regular_file()) paths.push_back(entry.path());
  if (paths.empty()) {
    std::cout << "no file in " << folder.string() << "\n0 passed, 1 failed\n";
    return 1;
  }
  for (const auto& path : paths) {
    std::cout << path.filename().string() << std::endl;  // flushed: the last one named is the one that broke off
    const std::string input = readFile(path);
    // A buffer of the exact size, so that ASan sees the first octet read beyond it.
    const std::vector<std::uint8_t> octets(input.begin(), input.end());
    found->second(octets.data(), octets.size());
  }
  std::cout << paths.size() << " passed, 0 failed\n";
  return 0;
}
