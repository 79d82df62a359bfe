// Who sent a query, and what its transport and its server know of it, apart from what is asked.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "taut/base/address.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/stop_token.hpp"

namespace taut {

enum class Transport : std::uint8_t { udp, tcp };
inline constexpr std::size_t transportCount = 2;

// Where a message came in. It is found out when something asks for it, so that other queries do not pay for it.
class Arrival {
 public:
  // The address of this host that the message was sent to, with the port; over the PROXY protocol, what the balancer
  // says that it was sent to. Empty where it is not known.
  virtual Address localAddress() const { return {}; }
  // The address that the server listens on, as it was configured: a wildcard, perhaps. Empty where it is not known.
  virtual Address listener() const { return {}; }
  // The name of the view that the rules give the client now; empty for none.
  virtual std::string view() const { return {}; }

 protected:
  ~Arrival() = default;
};

struct QueryClient {
  Address peer{};  // empty: no client, the query was made by a resolver
  Transport transport = Transport::udp;
  TimePoint received{};  // when the message came in
  // Stops when the answer is of no use any more: the client went away, or the server is about to end. A resolver
  // that waits for something on behalf of the query waits with this token.
  StopToken stopToken{};
  std::chrono::milliseconds idleTimeout{};  // how long the connection may be idle, as its transport says; 0 over UDP
  const Arrival* arrival = nullptr;         // lives as long as the query that was received; null where there is none
};

}  // namespace taut
