#include "taut/resolver/resolver_chain.hpp"

namespace taut {

Task<std::optional<Answer>> ResolverChain::resolve(const Query& query) {
  for (std::size_t i = 0; i < resolvers_.size(); ++i) {
    auto answer = co_await resolvers_[i]->resolve(query);
    if (answer) co_return answer;
  }
  co_return std::nullopt;
}

void ResolverChain::prefetch(std::span<const Query* const> queries) const {
  for (const auto& resolver : resolvers_) resolver->prefetch(queries);
}

Task<> ResolverChain::close() {
  for (const auto& resolver : resolvers_) co_await resolver->close();
}

}  // namespace taut
