// Memory has run out: what needed it is given up, a datagram, a connection or a query, and the server goes on with the
// rest. The log says so, at most once a minute for the whole process.
#pragma once

namespace taut {

void reportMemoryShortage() noexcept;

}  // namespace taut
