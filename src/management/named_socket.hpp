// A socket on its way to another process, and what it is called there (FDNAME of sd_notify(3), LISTEN_FDNAMES of
// sd_listen_fds(3)): printable, and without a colon.
#pragma once

#include <fcntl.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "taut/base/unique_fd.hpp"

namespace taut {

struct NamedSocket {
  UniqueFd fd;
  std::string name;
};

// Without a descriptor where none can be made.
inline NamedSocket copyOf(int fd, std::string_view name) {
  return {UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)), std::string(name)};
}

namespace socketnames {

// Begins the names of those that a server has opened by itself, as its configuration says. A unit of systemd has no
// name like that.
inline constexpr std::string_view own = "tautd/";
// Begins the names of those that serve because another opened them, and the configuration says nothing.
inline constexpr std::string_view activated = "activated/";

inline constexpr std::string_view control = "tautd/control";
inline constexpr std::string_view http = "tautd/http/";
// What only `tautctl upgrade` hands over: where the server before listens for the next one, and its standard streams.
inline constexpr std::string_view predecessor = "tautd/predecessor";
inline constexpr std::string_view output = "tautd/output";
inline constexpr std::string_view errors = "tautd/errors";

inline std::string withoutColons(std::string text) {
  std::ranges::replace(text, ':', '_');
  return text;
}

}  // namespace socketnames

}  // namespace taut
