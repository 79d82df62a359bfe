#include "taut/coro/uses.hpp"

#include "taut/base/stop_token.hpp"

namespace taut {

Task<> Uses::end() {
  StopSource never;
  while (any()) {
    ended_.reset();
    co_await ended_.wait(never.token());
  }
}

}  // namespace taut
