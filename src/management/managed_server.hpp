// The server as its management sees it. Implemented by the daemon, and by tests.
#pragma once

#include "snapshot.hpp"

namespace taut {

class ManagedServer {
 public:
  virtual ~ManagedServer() = default;

  // Costs no more than the reading of counters. From the management thread.
  virtual ManagementSnapshot snapshot() = 0;
};

}  // namespace taut
