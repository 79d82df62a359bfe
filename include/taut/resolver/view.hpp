// What some clients are answered with in the place of all others' resolvers: a chain of its own, in part of resolvers
// that it shares with the server's chain. The first answer wins, whatever its RCODE.
//
// A view may be taken away while queries wait in it: they are answered still. Who takes it away awaits `unused`, and
// then `close`, before the view is destroyed (`Views` does).
//
// One object for each shard, used on its thread alone; statistics may be read on any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "taut/base/stop_token.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/task.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/query.hpp"
#include "taut/resolver/resolver.hpp"
#include "taut/resolver/resolver_statistics.hpp"

namespace taut {

class View final : public Resolver {
 public:
  // Whether the chain resolves what this server does not serve itself: the RA bit of replies. The name is for those who
  // look at it, and may be empty.
  explicit View(bool recursionAvailable, std::string name = {})
      : name_(std::move(name)), recursionAvailable_(recursionAvailable) {}

  // Resolvers are asked in the order in which they are added, none of them null. The view's own are counted,
  // started and closed with it; for a shared one, something else does that. Not after queries have come.
  View& add(std::shared_ptr<Resolver> own);
  View& addShared(std::shared_ptr<Resolver> resolver);

  const std::string& name() const { return name_; }
  bool recursionAvailable() const { return recursionAvailable_; }
  // How many queries are being answered by it.
  std::size_t uses() const { return uses_; }

  // Nothing where no resolver has an answer.
  Task<std::optional<Answer>> resolve(const Query& query) override;
  // That of the first resolver which has one.
  ServedZone servedZone(NameView origin, Class rrClass) const override;
  void addTo(ResolverStatistics& statistics) const override;
  // Both of its own resolvers.
  Task<> start(TaskScope& work) override;
  Task<> close() override;

  // Waits until no query is answered by it, or the token stops. Once, when no further query comes.
  Task<> unused(StopToken stop);

 private:
  // Of one query. The view may be destroyed when its last use ends.
  class Use {
   public:
    explicit Use(View& view) : view_(&view) { ++view.uses_; }
    Use(Use&& other) noexcept : view_(std::exchange(other.view_, nullptr)) {}
    Use& operator=(Use&&) = delete;
    ~Use() {
      if (view_ && --view_->uses_ == 0 && view_->isEnding_) [[unlikely]]
        view_->unused_.set();
    }

    const std::vector<std::shared_ptr<Resolver>>& chain() const { return view_->chain_; }

   private:
    View* view_;
  };

  static Task<std::optional<Answer>> run(Use use, const Query& query);

  const std::string name_;
  std::vector<std::shared_ptr<Resolver>> chain_;
  std::vector<Resolver*> own_;  // of the chain
  Event unused_;
  std::size_t uses_ = 0;
  bool isEnding_ = false;
  bool recursionAvailable_;
};

}  // namespace taut
