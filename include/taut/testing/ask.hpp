// Asks a handler, or a whole server, and gives the reply as its client would have it: made of the answer by
// `ServerFactory`, with header, EDNS, truncation, and SERVFAIL for an exception.
//
// A shard is given where the handler waits for something. On a `ManualShard` all waits take no time. A handler that
// still waits after a day of the shard's clock is stopped, and a test of one that waits for ever ends so. Neither
// `start` nor `close` of the handler is called.
#pragma once

#include <chrono>
#include <memory>
#include <stdexcept>

#include "taut/base/clock.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/coro/task.hpp"
#include "taut/dns/query.hpp"
#include "taut/io/deadline.hpp"
#include "taut/io/shard.hpp"
#include "taut/io/with_deadline.hpp"
#include "taut/resolver/resolver.hpp"
#include "taut/server/server_factory.hpp"
#include "taut/testing/recording_channel.hpp"
#include "taut/testing/reply.hpp"

namespace taut::testing {

namespace detail {

inline ParsedReply onlyReply(const RecordingChannel& channel) {
  if (channel.sends != 1) throw std::logic_error("the query has got no reply, or several messages");
  return ParsedReply(channel.reply);
}

// A factory with one resolver, which belongs to the test.
inline ServerFactory::Resolvers only(Resolver& resolver) {
  return {std::shared_ptr<Resolver>(std::shared_ptr<void>(), &resolver)};
}

inline Task<> serveWithinADay(Shard& shard, ServerFactory& factory, const Query& query, ReplyChannel& channel) {
  Deadline deadline(shard, std::chrono::hours(24), query.stopToken());
  Query bounded = query;
  bounded.setStopToken(deadline.token());
  auto served = factory.serve(bounded, channel);
  co_await withDeadline(shard, std::chrono::hours(24), std::move(served));
}

}  // namespace detail

// They throw std::logic_error where the query gets no reply, or several messages: `RecordingChannel` is for those. The
// first two throw it for a handler that waits, too.
inline ParsedReply ask(ServerFactory& factory, const Query& query) {
  RecordingChannel channel(query.transport(), query.peer());
  syncWait(factory.serve(query, channel));
  return detail::onlyReply(channel);
}
inline ParsedReply ask(Resolver& resolver, const Query& query) {
  ServerFactory factory(detail::only(resolver));
  return ask(factory, query);
}
inline ParsedReply ask(Shard& shard, ServerFactory& factory, const Query& query) {
  RecordingChannel channel(query.transport(), query.peer());
  shard.run(detail::serveWithinADay(shard, factory, query, channel));
  return detail::onlyReply(channel);
}
inline ParsedReply ask(Shard& shard, Resolver& resolver, const Query& query) {
  ServerFactory factory(detail::only(resolver));
  factory.setClock(shard.clock());
  return ask(shard, factory, query);
}

}  // namespace taut::testing
