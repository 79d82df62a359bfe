// What the control tool asks of the recursors of all shards. All of it is called on any thread; a `done` is called on
// the shard that ends last.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "management/managed_server.hpp"
#include "management/trace_steps.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/io/shard.hpp"
#include "taut/recursor/recursor.hpp"
#include "taut/recursor/trust_anchor_state.hpp"
#include "taut/recursor/trust_anchor_upkeep.hpp"

namespace taut {

class RecursorControl {
 public:
  static constexpr std::size_t maxShownLines = 10'000;

  // Before the first order, in the order of the shards' numbers. The shard outlives the orders.
  void add(Shard& shard, std::shared_ptr<Recursor> recursor);
  bool any() const { return !places_.empty(); }

  void flush(const Name& name, bool tree, std::function<void(std::size_t)> done);
  void flush(const Name& name, Type type, std::function<void(std::size_t)> done);
  void show(const Name& name, std::function<void(std::vector<ShownAnswer>)> done);
  void addNegativeTrustAnchor(const Name& name, std::chrono::seconds lifetime, std::function<void(bool)> done);
  void removeNegativeTrustAnchor(const Name& name, std::function<void(bool)> done);
  void listNegativeTrustAnchors(std::function<void(std::vector<ShownNegativeTrustAnchor>)> done);
  void showServers(std::function<void(std::vector<ShownServer>)> done);
  void flushServers(std::function<void(std::size_t)> done);
  // By the recursor of the first shard.
  std::shared_ptr<TraceSteps> trace(const Name& name, Type type);

  // By the recursor of the first shard, for those of all: has trust anchors follow their zones (RFC 5011). Once.
  // `changed` is called on its thread with what is trusted from then on.
  using AnchorsChanged = std::function<void(const std::shared_ptr<const TrustAnchors>&)>;
  void followTrustAnchors(TrustAnchorState state, std::string path, AnchorsChanged changed);

  // On the shard's thread, before its recursor is closed: ends what is under way. Later traces end at once.
  Task<> close(const Shard& shard);

 private:
  struct Place {
    Shard* shard;
    std::shared_ptr<Recursor> recursor;
    std::unique_ptr<TaskScope> work;
    bool isClosed = false;
  };

  // Has each shard add to one value.
  template <typename T>
  void collect(std::function<void(std::size_t shard, Recursor& recursor, T& value)> step, std::function<void(T)> done,
               T value = {});

  std::vector<Place> places_;
  std::unique_ptr<TrustAnchorUpkeep> trustAnchors_;  // of the first shard; null where they stay as they are
};

}  // namespace taut
