// The place of a connection among all those of a shard: what can be displaced where there are too many.
#pragma once

#include "taut/server/client_shares.hpp"

namespace taut {

class ConnectionPlace : public ClientShares::Place {
 public:
  ConnectionPlace() = default;
  ConnectionPlace(const ConnectionPlace&) = delete;
  ConnectionPlace& operator=(const ConnectionPlace&) = delete;
  virtual ~ConnectionPlace() = default;

  virtual bool hasQueryInFlight() const = 0;
  // Ends the connection now, and the work for its queries: another client needs its place.
  virtual void close() = 0;
};

}  // namespace taut
