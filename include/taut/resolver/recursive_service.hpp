// Recursive service: caches, and clients that ask other servers, behind one access list.
//
// A client that may not recurse gets REFUSED for cached data too, with RD set or not: otherwise it could learn from the
// cache what others have asked, and use large cached answers for amplification.
//
// Clients are asked on behalf of all who may ask the same (Query::forAllClients), so that the answer that is stored
// serves everybody:
//  - With DO; who did not set it gets the answer without the records that DO brings.
//  - Without CD: what a validating server upstream has found good is good for who set CD too. Where it gives SERVFAIL,
//    which may be a failed validation, they are asked once more with CD (RFC 4035 section 3.2.2), and the answer is
//    kept for queries with CD alone.
#pragma once

#include <memory>
#include <vector>

#include "taut/dns/access_list.hpp"
#include "taut/resolver/cache.hpp"
#include "taut/resolver/resolver_chain.hpp"

namespace taut {

class RecursiveService final : public Resolver {
 public:
  using Caches = std::vector<std::shared_ptr<Cache>>;

  // Asks all caches, then all clients, each in the order given. The answer of a client is stored in the last cache.
  // Where a cache is null, what the other caches do not have fails.
  RecursiveService(Caches caches, std::vector<std::shared_ptr<Resolver>> clients);

  // The queries that are served; all at first.
  void setAddressPolicy(AccessList list) { accessList_ = std::move(list); }

  Task<std::optional<Answer>> resolve(const Query& query) override;
  void addTo(ResolverStatistics& statistics) const override;
  Task<> start(TaskScope& work) override { return clients_.start(work); }
  Task<> close() override { return clients_.close(); }

 private:
  Task<std::optional<Answer>> askClients(const Query& query);
  void keep(const Query& asked, Answer& answer);

  AccessList accessList_;
  Caches caches_;
  ResolverChain clients_;
};

}  // namespace taut
