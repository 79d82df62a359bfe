// Operations for the tests of engines, and the coroutines that await them.
#pragma once

#include <sys/eventfd.h>

#include <vector>

#include "taut/base/stop_token.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/coro/task.hpp"
#include "taut/io/engine.hpp"

namespace taut {

class Nothing final : public SingleOperation {
 public:
  explicit Nothing(Engine& engine, StopToken stop = {}) : SingleOperation(engine, stop) {}
};

inline Task<> doNothing(Engine& engine, int& done) {
  const IoResult result = co_await Nothing(engine);
  if (result.ok()) ++done;
}

inline Task<> waitReadable(Engine& engine, int fd, StopToken stop, std::vector<IoResult>& results) {
  const IoResult result = co_await ReadableOperation(engine, fd, stop);
  results.push_back(result);
}

inline void turn(Engine& engine) {
  engine.poll(Duration::zero());
  engine.resumeRunnable();
}

inline UniqueFd makeEvent() {
  return UniqueFd(::eventfd(0, EFD_CLOEXEC));
}

}  // namespace taut
