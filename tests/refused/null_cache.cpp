// error: nullptr is no resolver and no cache: leave it out
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

std::unique_ptr<ServerFactory> factory(ServerFactory::Resolvers clients) {
  const ServerFactory::Caches caches = {std::make_shared<Cache>(65536), nullptr};
  return std::make_unique<ServerFactory>(ServerFactory::Resolvers{}, caches, clients);
}
