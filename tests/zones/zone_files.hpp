// Zones and lists of them in files, for tests.
#pragma once

#include <cstdint>
#include <string>

#include <fmt/format.h>

#include "support/temporary_file.hpp"
#include "taut/dns/name.hpp"
#include "taut/zone/zone_file.hpp"

namespace taut::test {

// A zone with that serial. Different ones have different sizes, so that a stamp tells them apart within a clock's tick.
inline std::string zoneText(std::uint32_t serial) {
  return fmt::format("$TTL 1\n@ SOA a.x. b.x. {} 2 3 4 5\n@ NS a.x.\n{:;>{}}\n", serial, "", serial);
}

inline ZoneSource sourceOf(const TemporaryFile& file, const char* origin) {
  return {file.path(), Name(origin)};
}

inline std::string listLine(const char* origin, const TemporaryFile& file) {
  return fmt::format("{}\t{}\n", origin, file.path());
}

}  // namespace taut::test
