// The metrics of a server in the text format of Prometheus: what a snapshot says, and what the kernel says of the
// process.
//
// Their names begin with `taut_`, and with `process_` where all programs have them. They are an interface, which the
// dashboard and the alert rules in docs/monitoring/ use.
#pragma once

#include <string>

#include "snapshot.hpp"

namespace taut {

std::string exposition(const ManagementSnapshot& snapshot);

}  // namespace taut
