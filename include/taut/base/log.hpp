// The log: one line for each event, formatted by the caller's thread and written to standard error by a thread of its
// own. A call never blocks (when the queue is full the oldest line goes), never throws, and costs one comparison where
// the level is off.
//
// A line begins with the time and its level. Where standard error is the journal (JOURNAL_STREAM, systemd.exec(5)), the
// journal knows the time, and a line begins with the number of its level alone (sd-daemon(3)).
//
//   log::error("cannot read {}: {}", path, reason);
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <string_view>

#include <fmt/core.h>

namespace taut::log {

// From the most to the least important: a level lets through itself and the levels before it.
enum class Level { error, warning, info, debug };

// Receives each line, without a line end. Called on the thread that logs, one line at a time; must not throw, nor log.
using Sink = std::function<void(Level, std::string_view)>;

// Lines below this level are dropped before they are formatted. `info` at the start.
void setLevel(Level level) noexcept;
Level level() noexcept;

// Replaces the writer to standard error; an empty sink brings it back. For tests and for programs that embed the
// library. On return no thread is in the sink before.
void setSink(Sink sink);

// Waits until the lines logged so far are written, but not long where no process reads them: before the process ends,
// not on a shard.
void flush() noexcept;

// Has the function called once by the thread that writes, and waits for it: for what is set for one thread at a time.
// False where it has not been called in time, because a write does not end; it may be called later then. Where no line
// has been logged yet there is no such thread, and nothing to call.
bool callOnWriter(std::function<void()> function);

// A line in a form of its own, which other programs read: without time and level. A line of the level `info` otherwise.
void plain(std::string_view line) noexcept;

// How many lines were dropped because the queue was full.
std::size_t lostLines() noexcept;

namespace detail {
inline std::atomic<int> threshold{static_cast<int>(Level::info)};
void format(Level level, fmt::string_view text, fmt::format_args arguments) noexcept;
}  // namespace detail

inline bool enabled(Level level) noexcept {
  return static_cast<int>(level) <= detail::threshold.load(std::memory_order_relaxed);
}

template <typename... Arguments>
void error(fmt::format_string<Arguments...> text, Arguments&&... arguments) noexcept {
  if (enabled(Level::error)) detail::format(Level::error, text, fmt::make_format_args(arguments...));
}
template <typename... Arguments>
void warning(fmt::format_string<Arguments...> text, Arguments&&... arguments) noexcept {
  if (enabled(Level::warning)) detail::format(Level::warning, text, fmt::make_format_args(arguments...));
}
template <typename... Arguments>
void info(fmt::format_string<Arguments...> text, Arguments&&... arguments) noexcept {
  if (enabled(Level::info)) detail::format(Level::info, text, fmt::make_format_args(arguments...));
}
template <typename... Arguments>
void debug(fmt::format_string<Arguments...> text, Arguments&&... arguments) noexcept {
  if (enabled(Level::debug)) detail::format(Level::debug, text, fmt::make_format_args(arguments...));
}

}  // namespace taut::log
