// The text format of Prometheus: what a snapshot says, as metrics.
#pragma once

#include <string>

#include "snapshot.hpp"

namespace taut {

std::string exposition(const ManagementSnapshot& snapshot);

}  // namespace taut
