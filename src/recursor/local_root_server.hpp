// Stands in for the servers of the root on one shard: answers from the local root as they would, in messages, so that
// what it says goes the way of all referrals.
#pragma once

#include <memory>
#include <utility>

#include "taut/base/clock.hpp"
#include "taut/base/local_pool.hpp"
#include "taut/dns/question.hpp"
#include "taut/recursor/local_root.hpp"
#include "taut/resolver/authority.hpp"

namespace taut {

class LocalRootServer {
 public:
  explicit LocalRootServer(std::shared_ptr<const LocalRoot> root);

  const std::shared_ptr<const LocalRoot>& root() const { return root_; }
  bool isProven(WallTime now) const { return now < root_->until(); }

  // The reply to the question, where that is a referral or the root's keys; else no octets.
  LocalBytes answer(const QuestionView& question) const;
  // The reply to a priming query (RFC 8109).
  LocalBytes nameServers() const { return reply({NameView(), Type::NS}); }

 private:
  LocalBytes reply(const QuestionView& question) const;

  std::shared_ptr<const LocalRoot> root_;
  Authority authority_;
};

}  // namespace taut
