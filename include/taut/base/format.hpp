// appendFormat() does what fmt::format_to() does at the end of a buffer, and is compiled once. fmt::format_to() brings
// fmt's engine into each file that calls it, which then takes seconds to compile.
#pragma once

#include <fmt/format.h>

namespace taut {

void appendFormatted(fmt::memory_buffer& out, fmt::string_view text, fmt::format_args arguments);

template <typename... Arguments>
void appendFormat(fmt::memory_buffer& out, fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  appendFormatted(out, text, fmt::make_format_args(arguments...));
}

}  // namespace taut
