#include "taut/resolver/recursive_service.hpp"

#include <utility>

namespace taut {

namespace {

std::vector<std::shared_ptr<Resolver>> behindNull(std::vector<std::shared_ptr<Resolver>> resolvers) {
  resolvers.insert(resolvers.begin(), nullptr);
  return resolvers;
}

}  // namespace

RecursiveService::RecursiveService(Caches caches, std::vector<std::shared_ptr<Resolver>> clients)
    : caches_(std::move(caches)),
      clients_(std::erase(caches_, nullptr) > 0 ? behindNull(std::move(clients)) : std::move(clients)) {}

Task<std::optional<Answer>> RecursiveService::resolve(const Query& query) {
  if (!policy_.allows(query.peer())) {
    Answer refusal = Answer::refused();
    refusal.setExtendedError(ExtendedErrorCode::prohibited);
    return Task<std::optional<Answer>>::ready(std::move(refusal));
  }
  for (const auto& cache : caches_)
    if (auto answer = cache->lookup(query)) return Task<std::optional<Answer>>::ready(std::move(answer));
  return askClients(query);
}

Task<std::optional<Answer>> RecursiveService::askClients(const Query& query) {
  auto answer = co_await clients_.resolve(query);
  if (answer && !caches_.empty()) caches_.back()->store(query, *answer);
  co_return answer;
}

}  // namespace taut
