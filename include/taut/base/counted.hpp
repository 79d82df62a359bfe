// Numbers of things, as people write them: "1 zone", "2 zones".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/core.h>

namespace taut {

// `thing` is the singular, and an s makes the plural of it.
inline std::string counted(std::uint64_t number, std::string_view thing) {
  return fmt::format("{} {}{}", number, thing, number == 1 ? "" : "s");
}

}  // namespace taut
