// The queries of one shard that wait for something, over all transports. One bound holds for all of them, because they
// use the same resources: sockets, memory, and the patience of upstream servers. One query too many stops the one that
// has waited longest of the client that has most of them (`ClientShares`).
#pragma once

#include <cstddef>
#include <new>

#include "taut/base/stop_token.hpp"
#include "taut/server/client_shares.hpp"

namespace taut {

// What a transport keeps for a query: the source of its stop token, and its place while it waits.
class WaitingQuery : private ClientShares::Place {
 public:
  StopToken stopToken() { return stop_.token(); }

  // Asks the query to stop and gives up its place. The query may have ended, and this object with it, on return.
  void stop() {
    release();
    stop_.requestStop();
  }

 private:
  friend class WaitingQueries;

  StopSource stop_;
};

class WaitingQueries {
 public:
  static constexpr std::size_t defaultLimit = 768;

  // At least 1.
  void setLimit(std::size_t limit) { limit_ = limit; }

  // The query waits from now on, until it ends. One that there is no memory to count is stopped.
  void add(WaitingQuery& query, const Address& client) {
    try {
      shares_.add(query, client);
    } catch (const std::bad_alloc&) {
      query.stop();
      return;
    }
    if (shares_.size() > limit_) static_cast<WaitingQuery*>(shares_.next())->stop();
  }

  std::size_t size() const { return shares_.size(); }

 private:
  ClientShares shares_;
  std::size_t limit_ = defaultLimit;
};

}  // namespace taut
