// The way back to a client that is a test: it keeps what is written. For handlers that write messages themselves, and
// for queries that get no reply; `ask` does the rest.
//
//   testing::RecordingChannel channel;
//   syncWait(factory.serve(query, channel));
//   CHECK(channel.sends == 0);
#pragma once

#include <cstddef>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/coro/task.hpp"
#include "taut/dns/client.hpp"
#include "taut/dns/query.hpp"
#include "taut/server/reply_channel.hpp"
#include "taut/testing/query.hpp"

namespace taut::testing {

class RecordingChannel final : public ReplyChannel {
 public:
  explicit RecordingChannel(Transport transport = Transport::udp, const Address& peer = QueryShape().client)
      : transport_(transport), peer_(peer), buffer_(maxMessageSize) {}

  Transport transport() const override { return transport_; }
  const Address& peer() const override { return peer_; }
  MutableByteSpan replyBuffer() override { return buffer_; }

  Octets reply;                  // the first message; empty before it
  std::vector<Octets> messages;  // all of them
  int sends = 0;                 // how many

 private:
  Task<> send(std::size_t size) override {
    messages.emplace_back(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size));
    if (++sends == 1) reply = messages.front();
    return Task<>::ready();
  }

  Transport transport_;
  Address peer_;
  Octets buffer_;
};

}  // namespace taut::testing
