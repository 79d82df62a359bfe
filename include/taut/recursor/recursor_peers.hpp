// The recursors of all shards of one server. Which shard gets a question is chance, so a name would be looked for by
// each of them. So that it is looked for once, each name has an owner, by a secret hash: another shard that needs it
// has the owner look for it, and keeps a copy of what was found, from which its hits are answered.
//
//   auto peers = std::make_shared<RecursorPeers>(shards);   // then RecursorOptions::peers of each of them
//
// Names that share three labels at their end have one owner, so that delegations and keys are learnt once too.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "taut/dns/name.hpp"
#include "taut/resolver/name_hash.hpp"

namespace taut {

class Shard;

namespace detail {
class RecursorCore;
}  // namespace detail

class RecursorPeers {
 public:
  // For so many recursors, at least 1.
  explicit RecursorPeers(std::size_t count) : members_(std::make_unique<Member[]>(count)), count_(count) {}
  RecursorPeers(const RecursorPeers&) = delete;
  RecursorPeers& operator=(const RecursorPeers&) = delete;

 private:
  friend class detail::RecursorCore;

  struct Member {
    std::atomic<Shard*> shard{nullptr};    // null until it has joined
    detail::RecursorCore* core = nullptr;  // null where it has closed; on its shard's thread alone
  };

  static constexpr std::size_t sharedLabels = 3;

  std::size_t ownerOf(NameView name) const {
    return detail::secretHash(secret_, name.suffix(sharedLabels), 0) % count_;
  }

  std::unique_ptr<Member[]> members_;
  std::size_t count_;
  std::atomic<std::size_t> joined_{0};
  detail::HashSecret secret_;
};

}  // namespace taut
