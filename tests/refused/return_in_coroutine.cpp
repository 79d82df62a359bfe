// error: did you mean 'co_return'?
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

Task<std::optional<Answer>> resolve(Shard& shard) {
  co_await sleepFor(shard, 1s);
  return Answer::refused();
}
