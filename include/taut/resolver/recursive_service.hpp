// Recursive service: caches, and clients that ask other servers, behind one access list. Or resolvers that keep what
// they find themselves, such as a Recursor: these are asked what the client has asked, DO and CD as they are.
//
// A client that may not recurse gets REFUSED for cached data too, with RD set or not: otherwise it could learn from the
// cache what others have asked, and use large cached answers for amplification.
//
// Other clients are asked on behalf of all who may ask the same (Query::forAllClients), so that the answer that is
// stored serves everybody:
//  - With DO; who did not set it gets the answer without the records that DO brings.
//  - Without CD: what a validating server upstream has found good is good for who set CD too. Where it gives SERVFAIL,
//    which may be a failed validation, they are asked once more with CD (RFC 4035 section 3.2.2), and the answer is
//    kept for queries with CD alone.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
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

  // Asks resolvers that keep what they find and heed DO and CD, in this order, none of them null. What they have at
  // once costs no coroutine.
  explicit RecursiveService(std::vector<std::shared_ptr<Resolver>> resolvers);

  // The queries that are served; all at first.
  void setAddressPolicy(AccessList list) { accessList_ = std::move(list); }

  Task<std::optional<Answer>> resolve(const Query& query) override;
  void addTo(ResolverStatistics& statistics) const override;
  Task<> start(TaskScope& work) override { return clients_.start(work); }
  Task<> close() override { return clients_.close(); }

 private:
  Task<std::optional<Answer>> askEach(const Query& query);
  Task<std::optional<Answer>> askRest(Task<std::optional<Answer>> first, std::size_t next, const Query& query);
  Task<std::optional<Answer>> askClients(const Query& query);
  void keep(const Query& asked, Answer& answer);

  AccessList accessList_;
  Caches caches_;
  ResolverChain clients_;
  bool asksAsAsked_ = false;  // the clients keep what they find, and heed DO and CD
};

}  // namespace taut
