#include "taut/resolver/recursive_service.hpp"

#include <new>
#include <utility>

#include "taut/resolver/dnssec_records.hpp"

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

RecursiveService::RecursiveService(std::vector<std::shared_ptr<Resolver>> resolvers)
    : clients_(std::move(resolvers)), asksAsAsked_(true) {}

Task<std::optional<Answer>> RecursiveService::resolve(const Query& query) {
  if (!accessList_.allows(query)) {
    Answer refusal = Answer::refused();
    refusal.setSource(AnswerSource::Kind::server);
    refusal.setExtendedError(ExtendedErrorCode::prohibited);
    return Task<std::optional<Answer>>::ready(std::move(refusal));
  }
  for (const auto& cache : caches_)
    if (auto answer = cache->lookup(query)) return Task<std::optional<Answer>>::ready(std::move(answer));
  return asksAsAsked_ ? askEach(query) : askClients(query);
}

Task<std::optional<Answer>> RecursiveService::askEach(const Query& query) {
  const auto& resolvers = clients_.resolvers();
  for (std::size_t i = 0; i < resolvers.size(); ++i) {
    auto task = resolvers[i]->resolve(query);
    const bool isLast = i + 1 == resolvers.size();
    if (!task.isReady()) return isLast ? std::move(task) : askRest(std::move(task), i + 1, query);
    if (auto answer = task.takeReady()) return answer;
  }
  return Task<std::optional<Answer>>::ready(std::nullopt);
}

Task<std::optional<Answer>> RecursiveService::askRest(Task<std::optional<Answer>> first, std::size_t next,
                                                      const Query& query) {
  auto answer = co_await std::move(first);
  for (; !answer && next < clients_.resolvers().size(); ++next) {
    auto other = co_await clients_.resolvers()[next]->resolve(query);
    answer = std::move(other);
  }
  co_return answer;
}

void RecursiveService::addTo(ResolverStatistics& statistics) const {
  for (const auto& cache : caches_) cache->addTo(statistics);
  clients_.addTo(statistics);
}

namespace {

// Whether the failure may be one of validation. Where no server could be asked, none has validated; what was blocked is
// so with CD too.
bool mayBeBogus(const Answer& answer) {
  if (answer.rcode() != Rcode::SERVFAIL || answer.transient()) return false;
  const ExtendedError* const reason = answer.extendedError();
  return !reason ||
         (reason->code != ExtendedErrorCode::noReachableAuthority && reason->code != ExtendedErrorCode::blocked);
}

}  // namespace

Task<std::optional<Answer>> RecursiveService::askClients(const Query& query) {
  Query asked = query.forAllClients(false);
  auto answer = co_await clients_.resolve(asked);
  if (answer) keep(asked, *answer);
  if (answer && query.checkingDisabled() && mayBeBogus(*answer)) {
    asked = query.forAllClients(true);
    auto unchecked = co_await clients_.resolve(asked);
    if (unchecked) keep(asked, *unchecked);
    answer = std::move(unchecked);
  }
  if (answer && !query.dnssecOk())
    answer->removeIf([&](const Answer::Entry& entry) { return needsDnssecOk(entry, query.type()); });
  co_return answer;
}

// An answer that there is no memory to keep is an answer all the same.
void RecursiveService::keep(const Query& asked, Answer& answer) {
  try {
    if (!caches_.empty() && caches_.back()->store(asked, answer)) caches_.back()->limitTtls(answer);
  } catch (const std::bad_alloc&) {
  }
}

}  // namespace taut
