// Resolvers in order: the first answer wins, whatever its RCODE. In the place of a null pointer stands a resolver that
// throws, so that what comes before it is answered still.
#pragma once

#include <memory>
#include <vector>

#include "taut/resolver/resolver.hpp"

namespace taut {

class ResolverChain final : public Resolver {
 public:
  ResolverChain() = default;
  explicit ResolverChain(std::vector<std::shared_ptr<Resolver>> resolvers);

  // Not after queries have come.
  void add(std::shared_ptr<Resolver> resolver);
  const std::vector<std::shared_ptr<Resolver>>& resolvers() const { return resolvers_; }

  // Nothing where no resolver has an answer, so also for an empty chain.
  Task<std::optional<Answer>> resolve(const Query& query) override;

  void prefetch(std::span<const Query* const> queries) const override;

  // That of the first resolver which has one.
  ServedZone servedZone(NameView origin, Class rrClass) const override;

  void addTo(ResolverStatistics& statistics) const override;
  Task<> start(TaskScope& work) override;
  Task<> close() override;  // of every resolver in the chain

 private:
  std::vector<std::shared_ptr<Resolver>> resolvers_;
};

// Closes each of them, also after one that throws: what another has begun would go on without it. Throws the last
// exception and logs the others.
Task<> closeAll(std::vector<Resolver*> resolvers);

}  // namespace taut
