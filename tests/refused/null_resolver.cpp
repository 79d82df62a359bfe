// error: nullptr is no resolver and no cache: leave it out
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

ServerFactory::Resolvers resolvers() {
  return ServerFactory::Resolvers{nullptr};
}
