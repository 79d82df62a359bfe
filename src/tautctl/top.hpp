// The live view of a server on a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace taut::ctl {

// One screen of what the server says of itself, as JSON. Where the text is no such JSON it is empty.
std::string screenOf(std::string_view json, std::size_t rows);

}  // namespace taut::ctl
