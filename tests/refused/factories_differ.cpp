// g++: inconsistent types 'std::unique_ptr<Other, std::default_delete<Other> >' and
// clang++: must match previous return type '__unique_ptr_t<Other>'
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

class Other final : public ServerFactory {};

void serve(bool other) {
  Server server({}, [other](Shard&) {
    if (other) return std::make_unique<Other>();
    return std::make_unique<ServerFactory>();
  });
}
