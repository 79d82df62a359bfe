// The page that shows a server: readable as it comes, and live where the browser runs its script.
#pragma once

#include <string>
#include <string_view>

#include "history.hpp"
#include "snapshot.hpp"
#include "zone_summary.hpp"

namespace taut {

std::string livePage(const ManagementSnapshot& snapshot, const ZoneSummary& zones, const History& history);

// Text between the tags of HTML.
std::string escapedForHtml(std::string_view text);

}  // namespace taut
