// The one interface that answers questions: authorities, caches, clients and everything that a user writes.
//
// `resolve` looks at the query and returns an Answer, which is final whatever its RCODE, or nothing: "not mine, ask the
// next resolver". It may await anything meanwhile: another resolver, a timer, a TCP exchange. It never blocks its
// thread. The query outlives the task. Each shard has resolvers of its own, so a resolver needs no lock.
//
// What a resolver does beside answering begins in `start` and ends before `close`: a list that is fetched again and
// again, a connection that is kept open.
//
// Its waits obey the token that the task inherits from its awaiter (`Task`). That of a served query is the query's own,
// or one that stops with it, where the awaiter runs several resolvers side by side (`firstOf`) or bounds their time
// (`withDeadline`).
//
// A resolver that can answer without waiting may return its answer instead of being a coroutine. The difference is the
// cost only.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/type.hpp"

namespace taut {

class Zone;
struct ResolverStatistics;

// A zone that a resolver answers from, in the version that it answers from now.
struct ServedZone {
  std::shared_ptr<const Zone> zone;  // null: there is none
  std::string view;                  // that it is a zone of; empty: all clients see it

  explicit operator bool() const { return zone != nullptr; }
};

class Resolver {
 public:
  Resolver() = default;
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  virtual ~Resolver() = default;

  virtual Task<std::optional<Answer>> resolve(const Query& query) = 0;

  // Several queries are about to be asked. A resolver whose data are spread over memory prefetches what it will need,
  // so that the waits for memory overlap. No answer depends on it.
  virtual void prefetch(std::span<const Query* const>) const {}

  // The zone of exactly this origin, whole: for transfers (RFC 5936). It may be one that is not loaded.
  virtual ServedZone servedZone(NameView, Class) const { return {}; }

  // Adds what it counts, and what the resolvers behind it count. Called on any thread while the shard works.
  virtual void addTo(ResolverStatistics&) const {}

  // Awaited once, on the shard's thread, before the first query. Tasks of the resolver's own are spawned in `work` with
  // its token: the server stops and joins them before it awaits `close`. What is thrown here is why the server does not
  // start, and so is a start that takes longer than `ServerOptions::starting`.
  virtual Task<> start(TaskScope&) { return Task<>::ready(); }

  // Gives up what the resolver has. Awaited once, after the last query and after the resolver's own tasks, while the
  // shard still runs; also where the server did not start, with `start` awaited or not.
  virtual Task<> close() { return Task<>::ready(); }
};

}  // namespace taut
