#include "taut/resolver/resolver_chain.hpp"

#include <exception>
#include <stdexcept>
#include <utility>
#include <vector>

#include "taut/coro/log_failure.hpp"

namespace taut {

namespace {

class NullResolver final : public Resolver {
 public:
  Task<std::optional<Answer>> resolve(const Query&) override {
    throw std::logic_error("a resolver or a cache is null");
  }
};

}  // namespace

ResolverChain::ResolverChain(std::vector<std::shared_ptr<Resolver>> resolvers) {
  resolvers_.reserve(resolvers.size());
  for (auto& resolver : resolvers) add(std::move(resolver));
}

void ResolverChain::add(std::shared_ptr<Resolver> resolver) {
  resolvers_.push_back(resolver ? std::move(resolver) : std::make_shared<NullResolver>());
}

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

ServedZone ResolverChain::servedZone(NameView origin, Class rrClass) const {
  for (const auto& resolver : resolvers_)
    if (ServedZone served = resolver->servedZone(origin, rrClass)) return served;
  return {};
}

void ResolverChain::addTo(ResolverStatistics& statistics) const {
  for (const auto& resolver : resolvers_) resolver->addTo(statistics);
}

Task<> ResolverChain::start(TaskScope& work) {
  for (const auto& resolver : resolvers_) co_await resolver->start(work);
}

Task<> ResolverChain::close() {
  std::vector<Resolver*> resolvers;
  for (const auto& resolver : resolvers_) resolvers.push_back(resolver.get());
  return closeAll(std::move(resolvers));
}

Task<> closeAll(std::vector<Resolver*> resolvers) {
  std::exception_ptr failure;
  for (Resolver* const resolver : resolvers) {
    try {
      co_await resolver->close();
    } catch (...) {
      if (failure) detail::logFailure("closing the resolvers", failure);
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace taut
