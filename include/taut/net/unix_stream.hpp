// Connecting to a socket file of the same host. The kernel does so at once or not at all, so there is nothing to wait
// for.
#pragma once

#include <cstddef>
#include <string>

#include "taut/base/result.hpp"
#include "taut/io/io_result.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/tcp_stream.hpp"

namespace taut {

inline constexpr std::size_t maxSocketPath = 107;  // octets of the path of a socket file (unix(7))

// Gives the connection, or why there is none: no file, no process that listens, too many that wait already (EAGAIN).
Result<TcpStream, IoResult> connectUnix(Shard& shard, const std::string& path) noexcept;

}  // namespace taut
