// error: a Server is given a function `std::unique_ptr<ServerFactory>(Shard&)`; a lambda that returns different
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

void serve() {
  Server server({}, [] { return std::make_unique<ServerFactory>(); });
}
