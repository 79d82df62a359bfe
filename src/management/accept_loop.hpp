// Accepts connections on the shard of the management thread.
#pragma once

#include <functional>
#include <string_view>

#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/tcp_listener.hpp"
#include "taut/net/tcp_stream.hpp"

namespace taut {

// Calls `start` for each connection until it is stopped, also for those that wait then. Where it throws std::bad_alloc
// the connection is refused, with a line of the log that says of what. All arguments outlive the task.
Task<> acceptConnections(Shard& shard, ConnectionStream& streams, std::string_view what,
                         const std::function<void(TcpStream)>& start, StopToken stop);

}  // namespace taut
