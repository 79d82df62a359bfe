// How many questions wait for a reply of each server. A server that is slow or silent, and serves thousands of zones,
// would else keep everybody else's names out: none of its zones has more than its share of the places of fetches.
//
// As long as half of those places are free a server may be asked as much as there is to ask. Then it has its share, and
// what is above it fails at once for this server, as if it were not there.
#pragma once

#include <algorithm>
#include <cstddef>
#include <unordered_map>

#include "taut/base/address.hpp"
#include "taut/resolver/name_hash.hpp"

namespace taut {

class ServerQuota {
  struct Hash {
    detail::HashSecret secret;
    std::size_t operator()(const Address& server) const { return detail::secretHash(secret, server); }
  };
  using Counts = std::unordered_map<Address, std::size_t, Hash>;

 public:
  // Of a question, while it waits for the server.
  class Place {
   public:
    Place(ServerQuota& quota, const Address& server) : counts_(quota.counts_), server_(server) { ++counts_[server]; }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      const auto place = counts_.find(server_);
      if (--place->second == 0) counts_.erase(place);
    }

   private:
    Counts& counts_;
    const Address server_;
  };

  // `places`: those of fetches.
  explicit ServerQuota(std::size_t places) : places_(places), share_(std::max(places / shares, leastShare)) {}
  ServerQuota(const ServerQuota&) = delete;
  ServerQuota& operator=(const ServerQuota&) = delete;

  // Whether the server may be asked one question more, where so many fetches are under way.
  bool admits(const Address& server, std::size_t fetches) const {
    return 2 * fetches < places_ || count(server) < share_;
  }
  std::size_t count(const Address& server) const {
    const auto found = counts_.find(server);
    return found == counts_.end() ? 0 : found->second;
  }

 private:
  static constexpr std::size_t shares = 64;  // 64 questions of 4,096 places: 3,200 a second where a reply takes 20 ms
  static constexpr std::size_t leastShare = 4;  // enough for two questions and a second one beside each

  std::size_t places_;
  std::size_t share_;
  Counts counts_;
};

}  // namespace taut
