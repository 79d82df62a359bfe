// A dynamic update that has come in (RFC 2136): what a server does about it.
#pragma once

#include <functional>

#include "taut/coro/task.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/type.hpp"
#include "taut/resolver/resolver.hpp"

namespace taut {

// Gives the RCODE of the reply. Called on the thread of the shard that the message came to, with a message of opcode
// UPDATE whose zone section is one question about the SOA of a zone that is served: `zone`, its version at that time.
// The query outlives the task; its octets are there when the task begins, and may be gone after its first wait.
using OnUpdate = std::function<Task<Rcode>(const Query& query, ServedZone zone)>;

}  // namespace taut
