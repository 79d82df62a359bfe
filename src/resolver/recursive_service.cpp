#include "taut/resolver/recursive_service.hpp"

namespace taut {

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
  if (answer && !caches_.empty() && caches_.back()->store(query, *answer)) caches_.back()->limitTtls(*answer);
  co_return answer;
}

}  // namespace taut
