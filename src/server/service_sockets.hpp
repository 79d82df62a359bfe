// Opens the sockets of a server's services, on all shards.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "shard_thread.hpp"
#include "taut/base/address.hpp"
#include "taut/server/server.hpp"

namespace taut {

// Gives them to the shards, which have not started, and returns the addresses of the services, in their order. Throws
// as Server::start does.
std::vector<Address> openServices(const ServerOptions& options, std::span<const std::unique_ptr<ShardThread>> shards);

}  // namespace taut
