// appendFormat() is what fmt::format_to() would be at the end of a buffer, compiled once: the library's own brings all
// of its engine into each file that calls it, which then takes seconds to compile.
#pragma once

#include <fmt/format.h>

namespace taut {

void appendFormatted(fmt::memory_buffer& out, fmt::string_view text, fmt::format_args arguments);

template <typename... Arguments>
void appendFormat(fmt::memory_buffer& out, fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  appendFormatted(out, text, fmt::make_format_args(arguments...));
}

}  // namespace taut
