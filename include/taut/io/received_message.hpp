// What an engine writes at the start of the buffer of each datagram that Request::Kind::receiveDatagrams brought. After
// it come the name and the control data, each in as much room as the request gave it, and then the payload.
#pragma once

#include <cstdint>

namespace taut {

struct ReceivedMessageHeader {
  // Lengths of what arrived, which may be more than there was room for.
  std::uint32_t nameLength;
  std::uint32_t controlLength;
  std::uint32_t payloadLength;
  // MSG_TRUNC where the payload did not fit.
  std::uint32_t flags;
};

}  // namespace taut
