// g++: no matching function for call to 'make_unique<taut::ServerFactory>(<brace-enclosed initializer list>)'
// clang++: no matching function for call to 'make_unique'
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

std::unique_ptr<ServerFactory> factory(std::shared_ptr<Resolver> resolver) {
  return std::make_unique<ServerFactory>({resolver});
}
