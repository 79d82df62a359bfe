// The views of one shard: which client gets which answers. The first rule whose networks hold the client's address
// counts; a client of none gets what the server answers everyone.
//
//   auto inside = std::make_shared<View>(false);
//   inside->add(std::make_shared<Authority>(zones, "inside"));
//   factory.setViews({{AddressPolicy(AddressPolicy::Action::refuse).allow("192.0.2.0/24"), inside}});
//
// The rules may be replaced while queries are in work. A view that no rule names any more answers those that wait in
// it, is closed then, and goes; it does not come back.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/address_policy.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/resolver/resolver_statistics.hpp"
#include "taut/resolver/view.hpp"

namespace taut {

// The clients are those that the policy allows. Two rules may name one view, which is never null.
struct ViewRule {
  AddressPolicy clients;
  std::shared_ptr<View> view;
};

class Views {
 public:
  Views() = default;
  Views(const Views&) = delete;
  Views& operator=(const Views&) = delete;

  bool any() const { return any_; }

  // The view of the client; null where it has none. Looks at each network of the rules at most once.
  View* find(const Address& client) const;

  // Has no effect once `close` has been called.
  void replace(std::vector<ViewRule> rules);

  // What the views have counted, those that have gone included. On any thread.
  void addTo(ResolverStatistics& statistics) const;

  // Gives up what still waits. After the last query.
  Task<> close();

 private:
  struct Known {
    std::shared_ptr<View> view;
    bool isRetiring = false;
  };

  bool isNamed(const View& view) const;
  void learn(const std::shared_ptr<View>& view);
  Task<> retire(std::shared_ptr<View> view);
  void forget(const View& view);

  std::vector<ViewRule> rules_;
  bool any_ = false;
  bool isClosed_ = false;
  mutable std::mutex mutex_;  // for other threads, which read what follows
  std::vector<Known> known_;  // those of the rules, and those that are retiring
  ResolverStatistics past_;   // of those that have gone; what they hold no more is 0
  TaskScope retiring_;
};

}  // namespace taut
