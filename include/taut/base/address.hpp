// Address is an IPv4 or IPv6 address with a port, as a value: trivially copyable, comparable, usable as a key. It does
// no I/O and no look-up. Text forms follow RFC 5952 section 6: an IPv6 address with a port stands in brackets, and a
// scope (RFC 4007 section 11) follows a percent sign.
#pragma once

#include "taut/base/standard.hpp"

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include <fmt/core.h>

namespace taut {

// Where servers are asked unless something else is said (RFC 1035, 4.2).
inline constexpr std::uint16_t dnsPort = 53;

class Address {
 public:
  // No address at all: neither isV4() nor isV6().
  constexpr Address() noexcept = default;

  static constexpr Address v4(const std::array<std::uint8_t, 4>& bytes, std::uint16_t port = 0) noexcept {
    Address address;
    for (std::size_t i = 0; i < bytes.size(); ++i) address.bytes_[i] = bytes[i];
    address.size_ = 4;
    address.port_ = port;
    return address;
  }
  // `scope` is an interface index; 0 where the address needs none.
  static constexpr Address v6(const std::array<std::uint8_t, 16>& bytes, std::uint16_t port = 0,
                              std::uint32_t scope = 0) noexcept {
    Address address;
    address.bytes_ = bytes;
    address.size_ = 16;
    address.port_ = port;
    address.scope_ = scope;
    return address;
  }
  static constexpr Address anyV4(std::uint16_t port = 0) noexcept { return v4({0, 0, 0, 0}, port); }
  static constexpr Address anyV6(std::uint16_t port = 0) noexcept { return v6({}, port); }
  static constexpr Address loopbackV4(std::uint16_t port = 0) noexcept { return v4({127, 0, 0, 1}, port); }
  static constexpr Address loopbackV6(std::uint16_t port = 0) noexcept {
    return v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, port);
  }

  // Reads `192.0.2.1`, `192.0.2.1:53`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:53` and `fe80::1%eth0` (a scope
  // may stand inside brackets too, and may be a number). The port is `defaultPort` where the text has none. Anything
  // else, an interface that does not exist and a port above 65535 give nullopt.
  static std::optional<Address> parse(std::string_view text, std::uint16_t defaultPort = 0);

  // Reads what the kernel wrote. A family other than IPv4 and IPv6, or a length too short for the family, gives the
  // empty address.
  static Address fromSockaddr(const void* sockaddr, std::size_t length) noexcept;
  // Writes the form that the kernel reads and returns its length; 0 for the empty address.
  socklen_t toSockaddr(sockaddr_storage& storage) const noexcept;

  constexpr bool isV4() const noexcept { return size_ == 4; }
  constexpr bool isV6() const noexcept { return size_ == 16; }
  constexpr bool empty() const noexcept { return size_ == 0; }
  // 0.0.0.0 or ::
  bool isWildcard() const noexcept;
  // 127.0.0.0/8 or ::1
  bool isLoopback() const noexcept;
  // 169.254.0.0/16 or fe80::/10
  bool isLinkLocal() const noexcept;

  // AF_INET, AF_INET6, or AF_UNSPEC for the empty address.
  int family() const noexcept;
  // The address in network order: 4 or 16 bytes, none for the empty address. Valid as long as this object.
  constexpr std::span<const std::uint8_t> bytes() const noexcept { return {bytes_.data(), size_}; }
  constexpr std::uint16_t port() const noexcept { return port_; }
  constexpr std::uint32_t scope() const noexcept { return scope_; }
  constexpr Address withPort(std::uint16_t port) const noexcept {
    Address address = *this;
    address.port_ = port;
    return address;
  }
  // The same host, whatever the ports.
  constexpr bool sameHost(const Address& other) const noexcept { return withPort(0) == other.withPort(0); }

  // Whether a socket that is bound to one of the two, a wildcard of IPv6 taking IPv6 only, hears what is sent to the
  // other: their ports are the same and not 0, and so are their hosts, or one is the wildcard of the other's family.
  bool overlaps(const Address& other) const noexcept;

  // `192.0.2.1`, `2001:db8::1`, `fe80::1%eth0`.
  std::string hostText() const;
  // The same with the port, `192.0.2.1:53` or `[2001:db8::1]:53`; without it where the port is 0.
  std::string toText() const;

  std::size_t hash() const noexcept;
  friend constexpr bool operator==(const Address&, const Address&) noexcept = default;
  friend constexpr auto operator<=>(const Address&, const Address&) noexcept = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  std::uint32_t scope_ = 0;
  std::uint16_t port_ = 0;
  std::uint8_t size_ = 0;
};

static_assert(std::is_trivially_copyable_v<Address>);

}  // namespace taut

template <>
struct std::hash<taut::Address> {
  std::size_t operator()(const taut::Address& address) const noexcept { return address.hash(); }
};

// `{}` prints address and port, `{:h}` the host alone.
template <>
struct fmt::formatter<taut::Address> {
  constexpr auto parse(fmt::format_parse_context& context) {
    auto it = context.begin();
    if (it != context.end() && *it == 'h') {
      hostOnly = true;
      ++it;
    }
    return it;
  }
  fmt::appender format(const taut::Address& address, fmt::format_context& context) const;
  bool hostOnly = false;
};
