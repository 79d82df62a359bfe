// The live view of a server: what its numbers were in the last second, and one of several lists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace taut::ctl {

enum class TopList : std::uint8_t { zones, names, clients, types, forwarders };

// The list that a key stands for, its first letter.
std::optional<TopList> listOf(char key);

struct ScreenSize {
  std::size_t rows;
  std::size_t columns;
};

// One screen of what the server says of itself, as JSON. Where the text is no such JSON it is empty. All characters but
// those of ASCII that are printed are replaced: nothing that a server says steers the terminal.
std::string screenOf(std::string_view json, TopList list, ScreenSize size);

// The same with all lists, one below the other, for what is no terminal.
std::string reportOf(std::string_view json);

}  // namespace taut::ctl
