// The fetches that are under way, at most one for a name and type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "fetch.hpp"
#include "flight_quota.hpp"
#include "link.hpp"
#include "recursion.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/question.hpp"

namespace taut {

// Who carries a fetch out.
class Fetcher {
 public:
  // What was found; a failure where nothing was, and null where the fetch was stopped.
  virtual Task<LocalRef<const Link>> run(Fetch& fetch) = 0;
  // Whether all servers that are known for the name and type were silent, and none has ever answered.
  virtual bool asksTheSilent(NameView name, Type type) = 0;

 protected:
  ~Fetcher() = default;
};

class Fetches {
 public:
  static constexpr std::size_t maxClients = 256;  // that wait for one fetch

  Fetches(Recursion& recursion, Fetcher& fetcher)
      : recursion_(recursion), fetcher_(fetcher), quota_(recursion.maxInFlight) {}

  // What is kept of the name and type, or null.
  LocalRef<const Link> lookup(NameView name, Type type);

  // What is kept, or what a fetch brings. Null where the fetch that needs it is stopped.
  Task<LocalRef<const Link>> get(Fetch& neededBy, Budget::Purpose purpose, Name name, Type type);
  // The same for a client, though something is kept where `refreshes`. Null where the token stops the wait; the fetch
  // goes on, for who asks next. A failure where so many clients wait for it already that no more are let in.
  Task<LocalRef<const Link>> get(LocalRef<Work> work, Name name, Type type, bool refreshes, StopToken stop);

  // Begins to fetch what will be needed, unless it is under way.
  void begin(Fetch& neededBy, Budget::Purpose purpose, NameView name, Type type);

  // Whether a client's question is taken on, for which another fetch may have to end where too many are under way.
  bool admits(NameView name, Type type);
  std::size_t size() const { return underWay_.size(); }

  // For what runs beside a fetch and may outlive it: late replies of servers.
  TaskScope& scope() { return scope_; }

  // Stops all of them.
  Task<> close();

 private:
  struct HashQuestion {
    detail::HashSecret secret;
    std::size_t operator()(const Question& question) const { return detail::secretHash(secret, question, 0); }
  };

  Name startOf(NameView name, Type type);
  LocalRef<Fetch> underWay(NameView name, Type type) const;
  LocalRef<const Link> synthesise(Work& work, NameView name, Type type);
  LocalRef<Fetch> start(LocalRef<Fetch> fetch);
  Task<> run(LocalRef<Fetch> fetch);

  Recursion& recursion_;
  Fetcher& fetcher_;
  std::unordered_map<Question, Fetch*, HashQuestion> underWay_;
  FlightQuota quota_;
  TaskScope scope_;
};

}  // namespace taut
