// A protocol of its own for tests of sessions: messages with their lengths, as over TCP, answered one after the other.
#pragma once

#include <string>

#include "messages.hpp"
#include "taut/net/buffered_stream.hpp"
#include "taut/server/stream_session.hpp"

namespace taut {

inline Task<> answerEach(StreamSession& session) {
  BufferedStream peer(session.stream());
  for (;;) {
    const auto length = co_await peer.readExactly(2);
    if (!length) co_return;
    const auto message = co_await peer.readExactly(loadU16(asBytes(*length).data()));
    if (!message) co_return;
    const std::string reply = co_await session.answer(asBytes(*message));
    if (reply.empty()) co_return;
    const Bytes octets = framed(Bytes(reply.begin(), reply.end()));
    const IoResult written = co_await peer.write(octets);
    if (!written) co_return;
  }
}

}  // namespace taut
