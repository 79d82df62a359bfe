// The line of the log about a client that signs with a right key at a wrong time: one of both clocks is wrong, and a
// transfer that fails for it is hard to explain without the two times.
#pragma once

#include <cstdint>

#include "taut/dns/query.hpp"
#include "taut/dns/tsig.hpp"

namespace taut {

// One line a minute at most for the whole process. `now` is the server's time in seconds since 1970.
void logClockSkew(const Query& query, const TsigRequest& request, std::uint64_t now);

}  // namespace taut
