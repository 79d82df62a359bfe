// Changes answers by response policy zones (draft-vixie-dnsop-dns-rpz): names, addresses and clients that are blocked,
// or led elsewhere. It stands around the resolver that it asks, in front of caches: a rule counts from the moment in
// which it is known, and may look at the client.
//
// Which rule counts, of those that fit:
//  - One for the name asked for before one for a name that an alias leads to, and so on along the aliases. Addresses
//    belong to the last name.
//  - Of those the one in the first zone; and of one zone that for the client, that for the name, and that for the
//  longest
//    network with an address of the answer (draft section 5).
//
// A rule for the name asked for, or for the client, is followed without asking, so that a server of a blocked name
// learns of no question, unless a zone before it has rules for addresses. All others come after the verdict of the
// resolver behind: an error, such as SERVFAIL of a failed validation, stays what it is, and no rule makes an answer of
// it.
//
// What a rule makes has the aliases that led to its name, and in the additional section the SOA record of the policy
// zone, by which people find the rule (draft section 6). It is neither authoritative nor authentic, also where the
// client has set DO: a validator there takes it for bogus. Its extended error is the zone's reason, or Forged Answer
// for local data. An alias of local data is followed, and no rule is applied to where it leads. `*.garden.example` as
// the target stands for the name before `garden.example`.
//
// One object for each shard. Answers keep nothing of a policy.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "taut/base/local_ref.hpp"
#include "taut/dns/access_list.hpp"
#include "taut/dns/name.hpp"
#include "taut/resolver/policy_set.hpp"
#include "taut/resolver/resolver.hpp"

namespace taut {

class ResponsePolicy final : public Resolver {
 public:
  // `policies` is never null.
  ResponsePolicy(std::shared_ptr<Resolver> client, std::shared_ptr<const PolicySet> policies);
  ~ResponsePolicy() override;

  // For later queries.
  void replace(std::shared_ptr<const PolicySet> policies);
  // The queries that the policy is for; all at first. Those of others are passed on: who may not recurse is to be
  // refused, and to learn nothing of what is blocked.
  void setAddressPolicy(AccessList list) { accessList_ = std::move(list); }

  Task<std::optional<Answer>> resolve(const Query& query) override;
  void prefetch(std::span<const Query* const> queries) const override { client_->prefetch(queries); }
  ServedZone servedZone(NameView origin, Class rrClass) const override { return client_->servedZone(origin, rrClass); }
  void addTo(ResolverStatistics& statistics) const override { client_->addTo(statistics); }
  Task<> start(TaskScope& work) override { return client_->start(work); }
  Task<> close() override { return client_->close(); }

 private:
  class Snapshot;
  struct Match;

  static Match find(const Snapshot& snapshot, const Query& query, const Answer& answer);
  Task<std::optional<Answer>> wait(LocalRef<const Snapshot> snapshot, Task<std::optional<Answer>> task,
                                   const Query& query);
  Task<std::optional<Answer>> judge(const Snapshot& snapshot, const Query& query, std::optional<Answer> answer);
  Task<std::optional<Answer>> follow(const Match& match, const Query& query, std::optional<Answer> answer);
  Task<std::optional<Answer>> giveLocalData(const Match& match, const Query& query, Answer made);
  Task<std::optional<Answer>> followAlias(Answer made, const Query& query, Name target);

  std::shared_ptr<Resolver> client_;
  LocalRef<const Snapshot> snapshot_;
  AccessList accessList_;
};

}  // namespace taut
