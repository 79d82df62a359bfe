#include "archive_path.hpp"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

namespace taut {

namespace {

constexpr std::size_t maxSize = 200;  // a system allows 255, and the kind of the file follows

bool isPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

// FNV-1a, the same in each run of the program.
std::uint64_t checksumOf(NameView name) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::uint8_t octet : name.wire()) hash = (hash ^ octet) * 0x100000001b3;
  return hash;
}

}  // namespace

std::string archivePath(const std::string& folder, NameView origin) {
  const Name small = Name(origin).toLower();
  std::string file;
  for (NameView rest = small; !rest.isRoot(); rest = rest.parent()) {
    if (!file.empty()) file += '.';
    for (const char c : rest.firstLabel())
      if (isPlain(c))
        file += c;
      else
        file += fmt::format("%{:02x}", static_cast<unsigned char>(c));
  }
  if (file.empty()) file = "%root";
  if (file.size() > maxSize) file = fmt::format("{}%{:016x}", file.substr(0, maxSize - 17), checksumOf(small));
  return fmt::format("{}/{}", folder, file);
}

}  // namespace taut
