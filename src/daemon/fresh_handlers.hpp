// The handlers that a reload brings, started on all shards before anything is taken over. Where it is not taken over
// they end again.
#pragma once

#include <vector>

#include "handlers/shard_handlers.hpp"
#include "live_settings.hpp"
#include "taut/server/server.hpp"

namespace taut {

class FreshHandlers {
 public:
  // `handlers` are those of each shard; `resolvers` are those of all shards, and outlive the server. Throws
  // std::runtime_error where one does not start. Waits for that, up to some ten seconds.
  FreshHandlers(Server& server, const std::vector<ShardResolvers>& resolvers, std::vector<Handlers> handlers);
  FreshHandlers(const FreshHandlers&) = delete;
  FreshHandlers& operator=(const FreshHandlers&) = delete;
  ~FreshHandlers();

  // They serve, or are about to.
  void takenOver() { areWanted_ = true; }

 private:
  void discard() noexcept;

  Server& server_;
  const std::vector<ShardResolvers>& resolvers_;
  const std::vector<Handlers> handlers_;
  bool areWanted_ = false;
};

}  // namespace taut
