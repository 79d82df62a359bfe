// Which process has a port that is wanted, for the message that tells that it is taken.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "taut/base/address.hpp"

namespace taut::detail {

struct PortHolder {
  pid_t process = 0;    // 0 where this process may not see which one it is
  std::string program;  // of that process, cut to 15 characters as the kernel does
  std::string user;     // whom the socket belongs to: a name, or a number where there is none
};

// By the tables of the kernel, for the `protocol` "UDP" or "TCP". Nothing where the port is free by now, or where
// /proc does not tell. Reads files, and is not for a thread that serves.
std::optional<PortHolder> findPortHolder(const Address& wanted, std::string_view protocol);

}  // namespace taut::detail
