// What tests of handlers need, without a network: queries, replies taken apart, a shard whose clock is turned by hand,
// an upstream that answers as it is told, and the log. It goes with any test framework, and `taut/taut.hpp` does not
// bring it.
//
//   testing::ManualShard shard;
//   Slow handler(shard);
//   const auto reply = testing::ask(shard, handler, testing::query("www.example.com", Type::A));
//   CHECK(reply.texts() == std::vector<std::string>{"www.example.com. 300 A 192.0.2.1"});
//   CHECK(shard.elapsed() == 1h);     // and the test has taken no time
#pragma once

#include "taut/testing/ask.hpp"
#include "taut/testing/fake_upstream.hpp"
#include "taut/testing/log_capture.hpp"
#include "taut/testing/manual_shard.hpp"
#include "taut/testing/query.hpp"
#include "taut/testing/recording_channel.hpp"
#include "taut/testing/reply.hpp"
