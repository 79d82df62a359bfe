// What a server and the one that is to take over from it say to each other, in lines: the next one that it is ready, or
// why it fails; the one before that it has stopped to take queries, or that it goes on.
#pragma once

#include <sys/types.h>

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace taut::successor {

inline constexpr std::string_view ready = "ready ";
inline constexpr std::string_view failed = "failed ";
inline constexpr std::string_view takenLine = "taken\n";
inline constexpr std::string_view givenUpLine = "given up\n";

inline std::string readyLine(pid_t process) {
  return std::string(ready) + std::to_string(process) + '\n';
}

// The reason may have several lines; with it, all has been said.
inline std::string failedLine(std::string_view reason) {
  return std::string(failed).append(reason) + '\n';
}

// Of a whole line without its end; nothing where it does not say that the process is ready.
inline std::optional<pid_t> readyProcess(std::string_view line) {
  if (!line.starts_with(ready)) return std::nullopt;
  line.remove_prefix(ready.size());
  pid_t process = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), process);
  if (error != std::errc() || end != line.data() + line.size() || process <= 0) return std::nullopt;
  return process;
}

}  // namespace taut::successor
