// Who sent a query, and what its transport knows of it, apart from what is asked.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "taut/base/address.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/stop_token.hpp"

namespace taut {

enum class Transport : std::uint8_t { udp, tcp };
inline constexpr std::size_t transportCount = 2;

struct QueryClient {
  Address peer{};  // empty: no client, the query was made by a resolver
  Transport transport = Transport::udp;
  TimePoint received{};  // when the message came in
  // Stops when the answer is of no use any more: the client went away, or the server is about to end. A resolver
  // that waits for something on behalf of the query waits with this token.
  StopToken stopToken{};
  std::chrono::milliseconds idleTimeout{};  // how long the connection may be idle, as its transport says; 0 over UDP
};

}  // namespace taut
