// The log: one line for each event, formatted by the caller's thread and written to standard error by a thread of its
// own. A call never blocks (when the queue is full the oldest line goes), never throws, and costs one comparison where
// the level is off.
//
//   log::error("cannot read {}: {}", path, reason);
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <iterator>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace taut::log {

// In the order of their weight: a level lets itself and everything before it through.
enum class Level { error, warning, info, debug };

// Receives each line, without a line end. Called on the thread that logs; must not throw.
using Sink = std::function<void(Level, std::string_view)>;

// Lines below this level are dropped before they are formatted. `info` at the start.
void setLevel(Level level) noexcept;
Level level() noexcept;

// Replaces the writer to standard error; an empty sink brings it back. For tests and for programs that embed the
// library. Not to be called while another thread logs.
void setSink(Sink sink);

// Waits until the lines logged so far are written: before the process ends, not on a shard.
void flush() noexcept;

// How many lines were lost because the queue was full.
std::size_t lostLines() noexcept;

namespace detail {
inline std::atomic<int> threshold{static_cast<int>(Level::info)};
void write(Level level, std::string_view line) noexcept;

template <typename... Arguments>
void format(Level level, fmt::format_string<Arguments...> text, Arguments&&... arguments) noexcept {
  try {
    fmt::memory_buffer line;
    fmt::format_to(std::back_inserter(line), text, std::forward<Arguments>(arguments)...);
    write(level, std::string_view(line.data(), line.size()));
  } catch (...) {
    // A formatter that fails, or no memory: the event that was to be logged matters more than its line.
    write(level, "a line of the log could not be formatted");
  }
}
}  // namespace detail

inline bool enabled(Level level) noexcept {
  return static_cast<int>(level) <= detail::threshold.load(std::memory_order_relaxed);
}

template <typename... Arguments>
void error(fmt::format_string<Arguments...> text, Arguments&&... arguments) noexcept {
  if (enabled(Level::error)) detail::format(Level::error, text, std::forward<Arguments>(arguments)...);
}
template <typename... Arguments>
void warning(fmt::format_string<Arguments...> text, Arguments&&... arguments) noexcept {
  if (enabled(Level::warning)) detail::format(Level::warning, text, std::forward<Arguments>(arguments)...);
}
template <typename... Arguments>
void info(fmt::format_string<Arguments...> text, Arguments&&... arguments) noexcept {
  if (enabled(Level::info)) detail::format(Level::info, text, std::forward<Arguments>(arguments)...);
}
template <typename... Arguments>
void debug(fmt::format_string<Arguments...> text, Arguments&&... arguments) noexcept {
  if (enabled(Level::debug)) detail::format(Level::debug, text, std::forward<Arguments>(arguments)...);
}

}  // namespace taut::log
