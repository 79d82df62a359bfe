// Lets a resolver work for some clients only: the others are REFUSED.
#pragma once

#include <memory>

#include "taut/resolver/resolver.hpp"
#include "taut/server/address_policy.hpp"

namespace taut {

class AllowedClients final : public Resolver {
 public:
  AllowedClients(AddressPolicy policy, std::shared_ptr<Resolver> resolver)
      : policy_(std::move(policy)), resolver_(std::move(resolver)) {}

  Task<std::optional<Answer>> resolve(const Query& query) override {
    if (policy_.allows(query.peer())) return resolver_->resolve(query);
    Answer answer = Answer::refused();
    answer.setExtendedError(ExtendedErrorCode::prohibited);
    return Task<std::optional<Answer>>::ready(std::move(answer));
  }

  Task<> close() override { return resolver_->close(); }

 private:
  AddressPolicy policy_;
  std::shared_ptr<Resolver> resolver_;
};

}  // namespace taut
