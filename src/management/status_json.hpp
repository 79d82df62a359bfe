// The state of the server as JSON: for /status.json, the events of the live page, and the control tool.
#pragma once

#include <string>
#include <string_view>

#include "snapshot.hpp"
#include "zone_summary.hpp"

namespace taut {

// Of the zones it has the numbers, and those that the summary shows; of what was counted, what is not 0; of what is
// asked at the moment, what is asked most.
std::string statusJson(const ManagementSnapshot& snapshot, const ZoneSummary& zones);

// What was counted, alone.
std::string statisticsJson(const ServerStatistics& statistics);
// The same with a line for each number, its name being the path in the JSON.
std::string statisticsText(const ServerStatistics& statistics);

// A word for each: "starting", "ready", "draining".
std::string_view toWord(Readiness readiness);

}  // namespace taut
