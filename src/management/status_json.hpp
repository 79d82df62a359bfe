// The state of the server as JSON: for /status.json, the events of the live page, and the control tool.
#pragma once

#include <string>

#include "snapshot.hpp"
#include "zone_summary.hpp"

namespace taut {

// Of the zones it has the numbers, and those that the summary shows.
std::string statusJson(const ManagementSnapshot& snapshot, const ZoneSummary& zones);

// A word for each: "starting", "ready", "draining".
std::string_view toWord(Readiness readiness);

}  // namespace taut
