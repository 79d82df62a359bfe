// The names of twisted.names for what carries a server's messages, for its users.
#pragma once

#include "taut/server/datagram_service.hpp"
#include "taut/server/reply_channel.hpp"
#include "taut/server/stream_connection.hpp"

namespace taut {

using Protocol = ReplyChannel;
using DatagramProtocol = DatagramService;
using StreamProtocol = StreamConnection;

}  // namespace taut
