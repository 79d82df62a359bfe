#include "taut/net/listen_error.hpp"

#include <cerrno>
#include <cstdint>
#include <fstream>

#include <fmt/format.h>

#include "port_holder.hpp"

namespace taut {

namespace {

std::string adviceOnTaken(const Address& address, std::string_view protocol) {
  constexpr std::string_view other = "choose another address or port";
  const auto holder = detail::findPortHolder(address, protocol);
  if (!holder) return fmt::format("; {}", other);
  // The kernel cuts the name of a program to 15 characters, and the user of systemd-resolved has this very name.
  constexpr std::string_view resolved = "systemd-resolve";
  const bool isResolved = holder->program == resolved || (holder->process == 0 && holder->user == resolved);
  const std::string who =
      holder->process == 0
          ? fmt::format("a process of user {}", holder->user)
          : fmt::format("{} (process {})", isResolved ? "systemd-resolved" : holder->program, holder->process);
  if (isResolved)
    return fmt::format(" by {}; set DNSStubListener=no in /etc/systemd/resolved.conf and restart it, or {}", who,
                       other);
  return fmt::format(" by {}; stop it, or {}", who, other);
}

std::string adviceOnPermission(const Address& address) {
  unsigned firstPort = 0;
  std::ifstream("/proc/sys/net/ipv4/ip_unprivileged_port_start") >> firstPort;
  if (address.port() >= firstPort) return {};
  return fmt::format(
      "; ports below {} need the capability CAP_NET_BIND_SERVICE, or a lower net.ipv4.ip_unprivileged_port_start",
      firstPort);
}

std::string adviceOn(int error, const Address& address, std::string_view protocol) {
  switch (error) {
    case EADDRINUSE:
      return adviceOnTaken(address, protocol);
    case EACCES:
      return adviceOnPermission(address);
    case EADDRNOTAVAIL:
      return "; no interface has it, and `ip address` lists those that there are; with server.freebind = true it is "
             "served from when one has it";
    default:
      return {};
  }
}

}  // namespace

ListenError::ListenError(int error, const Address& address, std::string_view protocol)
    : std::system_error(error, std::generic_category()),
      address_(address),
      text_(fmt::format("cannot listen on {} ({}): {}{}", address, protocol, code().message(),
                        adviceOn(error, address, protocol))) {}

}  // namespace taut
