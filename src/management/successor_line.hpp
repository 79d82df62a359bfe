// What a server and the one that is to take over from it say to each other, in lines: the next one that it is ready, or
// why it fails; the one before that it has stopped to take queries, or that it goes on.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "taut/base/parse_number.hpp"

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
  const auto process = parseNumber<pid_t>(line);
  return process && *process > 0 ? process : std::nullopt;
}

}  // namespace taut::successor
