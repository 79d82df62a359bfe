#include "memory_size.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

namespace taut {

namespace {

// The path of the process's group in the hierarchy of all controllers; empty where there is none.
std::string ownGroup() {
  constexpr std::string_view prefix = "0::/";
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);)
    if (line.starts_with(prefix)) return line.substr(prefix.size());
  return {};
}

}  // namespace

std::uint64_t memorySize() {
  const std::filesystem::path root = "/sys/fs/cgroup";
  std::uint64_t size =
      static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  // A group has the limits of those above it. That of a container is its root, whatever the path says.
  for (std::filesystem::path group = (root / ownGroup()).lexically_normal();; group = group.parent_path()) {
    std::uint64_t limit = 0;
    if (std::ifstream(group / "memory.max") >> limit) size = std::min(size, limit);
    if (group == root || !group.has_relative_path()) return size;
  }
}

}  // namespace taut
