// Lets a resolver work for some clients only: for the others it has no answer, as if it were not there.
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
    if (!policy_.allows(query.peer())) return Task<std::optional<Answer>>::ready(std::nullopt);
    return resolver_->resolve(query);
  }

  Task<> close() override { return resolver_->close(); }

 private:
  AddressPolicy policy_;
  std::shared_ptr<Resolver> resolver_;
};

}  // namespace taut
