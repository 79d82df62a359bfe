// The parts of a recursor, and the way of a client's question through them.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "iterator.hpp"
#include "link.hpp"
#include "recursion.hpp"
#include "taut/coro/task.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/question.hpp"
#include "taut/recursor/resolution_trace.hpp"

namespace taut::detail {

// Whether a name is the one that was asked for, or with `tree` at it or below it.
inline bool isAt(NameView name, NameView asked, bool tree) {
  return tree ? name.isWithin(asked) : name == asked;
}

class RecursorCore {
 public:
  RecursorCore(Shard& shard, RecursorOptions options, std::unique_ptr<ServerTransport> transport);
  RecursorCore(const RecursorCore&) = delete;
  RecursorCore& operator=(const RecursorCore&) = delete;

  // From what is kept, as it is; nothing where something of it has to be fetched.
  std::optional<Answer> lookup(const Query& query);
  // From what is kept though it has ended.
  std::optional<Answer> lookupStale(const Query& query);
  // Link by link, each from what is kept or fetched.
  Task<std::optional<Answer>> find(const Query& query, ResolutionTrace* trace);
  Task<> close();

  // What is kept of the name, or at and below it with `tree`. Tells how many entries there were.
  std::size_t flush(NameView name, bool tree);
  // False where there was no such negative trust anchor.
  bool removeException(NameView name);

  // Whether it is the one of the peers that does what one does for all.
  bool isFirst() const { return member_ == 0; }
  // Has it done to each of the peers, on its thread.
  void forEachPeer(const std::function<void(RecursorCore&)>& action);

  void count();

  Recursion recursion;
  Iterator iterator;
  bool closed = false;

 private:
  using Chain = std::vector<LocalRef<const Link>>;
  struct Errand;

  Task<bool> follow(Name name, Type type, LocalRef<Work> work, Chain& chain, StopToken stop, bool refreshes = false);
  Task<bool> search(Name name, Type type, LocalRef<Work> work, Chain& chain, StopToken stop, bool refreshes = false);
  Task<bool> askOwner(Name name, Type type, std::size_t owner, Chain& chain, StopToken stop, bool refreshes = false);
  void refresh(NameView name, Type type);
  Task<> renew(Name name, Type type);
  Task<> serve(std::shared_ptr<Errand> errand, std::size_t forMember);
  void adopt(const LocalRef<Link>& link);
  Answer answerFrom(const Query& query, const Chain& chain);
  std::optional<Answer> write(const Query& query, bool stale);

  std::size_t member_ = 0;             // among the peers
  std::vector<Question> refreshed_{};  // what is had anew at the moment
};

}  // namespace taut::detail
