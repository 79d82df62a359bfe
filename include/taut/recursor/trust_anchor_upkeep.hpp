// Has a recursor's trust anchors follow their zones from one key to the next (RFC 5011): asks for their keys when it is
// time, keeps in a file what came of them, logs each change, and hands on what is trusted.
//
//   TrustAnchorState state(*configured);
//   state.read(path);
//   options.anchors = std::make_shared<const TrustAnchors>(state.anchors());
//   …
//   TrustAnchorUpkeep upkeep(shard, recursor, std::move(state), path, [&](auto anchors) { … });
//   work.spawn(upkeep.run(work.token()), work.token());
//
// One shard does it for all: `publish` is called on its thread, and gives the anchors to the recursors of the others
// too. The keys are asked for whatever is kept of them, and judged by the state, not by the recursor: what is bogus by
// the anchors that the recursor has may say how they change. The file is written by another thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/name.hpp"
#include "taut/io/shard.hpp"
#include "taut/recursor/recursor.hpp"
#include "taut/recursor/trust_anchor_state.hpp"
#include "taut/recursor/trust_anchors.hpp"

namespace taut {

class TrustAnchorUpkeep {
 public:
  using Publish = std::function<void(std::shared_ptr<const TrustAnchors>)>;

  // The recursor is one of the shard, and outlives run(). `path` is the file of the state.
  TrustAnchorUpkeep(Shard& shard, Recursor& recursor, TrustAnchorState state, std::string path, Publish publish)
      : shard_(shard),
        recursor_(recursor),
        state_(std::move(state)),
        path_(std::move(path)),
        publish_(std::move(publish)) {}
  TrustAnchorUpkeep(const TrustAnchorUpkeep&) = delete;
  TrustAnchorUpkeep& operator=(const TrustAnchorUpkeep&) = delete;

  // Until the token stops it, and the file is written. Where there are no anchors it ends at once.
  Task<> run(StopToken stop);

 private:
  TrustAnchorState::Seconds now() const;
  Task<> ask(Name zone, StopToken stop);
  void take(NameView zone, const TrustAnchorState::Outcome& outcome);
  void keep();
  Task<> write();

  Shard& shard_;
  Recursor& recursor_;
  TrustAnchorState state_;
  const std::string path_;
  const Publish publish_;
  bool isKept_ = true;  // the file has the state, or is about to get it
  TaskScope writing_;   // one task at most
};

}  // namespace taut
