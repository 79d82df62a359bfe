// The answer to a query that no resolver asks others for: one without RD, of another class than IN, a transfer, or of a
// type that means nothing in a question. Nothing for all others.
#pragma once

#include <optional>

#include "taut/dns/answer.hpp"
#include "taut/dns/query.hpp"

namespace taut {

std::optional<Answer> recursionRefusal(const Query& query);

}  // namespace taut
