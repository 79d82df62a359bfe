#include "taut/resolver/view.hpp"

#include <cstddef>
#include <utility>

#include "taut/resolver/resolver_chain.hpp"

namespace taut {

View& View::add(std::shared_ptr<Resolver> own) {
  own_.push_back(own.get());
  return addShared(std::move(own));
}

View& View::addShared(std::shared_ptr<Resolver> resolver) {
  chain_.push_back(std::move(resolver));
  return *this;
}

Task<std::optional<Answer>> View::resolve(const Query& query) {
  return run(Use(*this), query);
}

Task<std::optional<Answer>> View::run(Use use, const Query& query) {
  for (std::size_t i = 0; i < use.chain().size(); ++i) {
    auto answer = co_await use.chain()[i]->resolve(query);
    if (answer) co_return answer;
  }
  co_return std::nullopt;
}

ServedZone View::servedZone(NameView origin, Class rrClass) const {
  for (const auto& resolver : chain_)
    if (ServedZone served = resolver->servedZone(origin, rrClass)) return served;
  return {};
}

void View::addTo(ResolverStatistics& statistics) const {
  for (const Resolver* resolver : own_) resolver->addTo(statistics);
}

Task<> View::start(TaskScope& work) {
  for (Resolver* const resolver : own_) co_await resolver->start(work);
}

Task<> View::close() {
  return closeAll(own_);
}

Task<> View::unused(StopToken stop) {
  isEnding_ = true;
  if (uses_ > 0) co_await unused_.wait(stop);
}

}  // namespace taut
