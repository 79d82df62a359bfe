// What headers of the PROXY protocol, version 2, are made of in tests; written by hand from the specification (haproxy,
// proxy-protocol.txt, section 2.2).
#pragma once

#include <string_view>

namespace taut::proxyoctets {

inline constexpr std::string_view signature("\r\n\r\n\0\r\nQUIT\n", 12);
// Addresses and ports: of the client 192.0.2.7:32769, or [2001:db8::7]:32769, and of the server.
inline constexpr std::string_view v4("\xc0\x00\x02\x07\xcb\x00\x71\x01\x80\x01\x00\x35", 12);
inline constexpr std::string_view v6(
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
    "\x80\x01\x00\x35",
    36);

}  // namespace taut::proxyoctets
