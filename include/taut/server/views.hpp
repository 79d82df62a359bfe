// The views of one shard: which client gets which answers. The first rule that allows the query, by the
// client's address or the query's key, counts; a client of none gets what the server answers everyone.
//
//   auto inside = std::make_shared<View>(false);
//   inside->add(std::make_shared<Authority>(zones, "inside"));
//   factory.setViews({{AddressPolicy(AddressPolicy::Action::refuse).allow("192.0.2.0/24"), inside}});
//
// The rules may be replaced while queries are in work. A view that is new is started first, and until then the rules of
// before hold. One that no rule names any more answers the queries that wait in it, is closed then, and goes; it does
// not come back.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/access_list.hpp"
#include "taut/dns/query.hpp"
#include "taut/resolver/resolver_statistics.hpp"
#include "taut/resolver/view.hpp"

namespace taut {

// The clients are those whose queries the list allows. Two rules may name one view, which is never null.
struct ViewRule {
  AccessList clients;
  std::shared_ptr<View> view;
};

class Views {
 public:
  Views() = default;
  Views(const Views&) = delete;
  Views& operator=(const Views&) = delete;

  bool any() const { return any_; }

  // The view of the query's client; null where it has none. Looks at each network of the rules at most once.
  View* find(const Query& query) const;

  // Where a view does not start, the log says why, and the rules of before hold on. Of rules that come while views
  // start, the last ones count. Before `start` they hold at once. Has no effect once `close` has been called.
  void replace(std::vector<ViewRule> rules);

  // Starts the views of the rules. Throws what the start of one throws.
  Task<> start();

  // What the views have counted, those that have gone included. On any thread.
  void addTo(ResolverStatistics& statistics) const;

  // Gives up what still waits. After the last query, with `start` awaited or not.
  Task<> close();

 private:
  struct Known {
    std::shared_ptr<View> view;
    std::shared_ptr<TaskScope> work{};  // of its resolvers; null before it is started
    bool isRetiring = false;
  };

  bool isNamed(const View& view) const;
  Task<> replaceWhenStarted();
  Task<bool> haveStarted(const std::vector<ViewRule>& rules);
  Task<> startNew();
  void retireOthers();
  void learn(const std::vector<ViewRule>& rules);
  Task<> retire(Known known);
  static Task<> end(Known known);
  void forget(const View& view);

  std::vector<ViewRule> rules_;
  bool any_ = false;
  bool isStarted_ = false;
  bool isReplacing_ = false;
  bool isClosed_ = false;
  std::optional<std::vector<ViewRule>> next_;  // while others are being replaced
  mutable std::mutex mutex_;                   // for other threads, which read what follows
  std::vector<Known> known_;                   // those of the rules, and those that are retiring
  ResolverStatistics past_;                    // of those that have gone; what they hold no more is 0
  TaskScope replacing_;
  TaskScope retiring_;
};

}  // namespace taut
