#include "taut/resolver/resolver_chain.hpp"

#include <algorithm>

namespace taut {

// Most answers are there at once; a coroutine starts only where a resolver has to wait.
Task<std::optional<Answer>> ResolverChain::resolve(const Query& query) {
  for (std::size_t i = 0; i < resolvers_.size(); ++i) {
    auto pending = resolvers_[i]->resolve(query);
    if (!pending.isReady()) return resolveFrom(i + 1, std::move(pending), query);
    auto answer = pending.takeReady();
    if (answer) return Task<std::optional<Answer>>::ready(std::move(answer));
  }
  return Task<std::optional<Answer>>::ready(std::nullopt);
}

Task<std::optional<Answer>> ResolverChain::resolveFrom(std::size_t index, Task<std::optional<Answer>> pending,
                                                       const Query& query) {
  auto answer = co_await std::move(pending);
  for (; !answer && index < resolvers_.size(); ++index) answer = co_await resolvers_[index]->resolve(query);
  co_return answer;
}

bool ResolverChain::looksAhead() const {
  return std::ranges::any_of(resolvers_, [](const auto& resolver) { return resolver->looksAhead(); });
}

void ResolverChain::lookAhead(std::span<const ByteSpan> questions) const {
  for (const auto& resolver : resolvers_)
    if (resolver->looksAhead()) resolver->lookAhead(questions);
}

Task<> ResolverChain::close() {
  for (const auto& resolver : resolvers_) co_await resolver->close();
}

}  // namespace taut
