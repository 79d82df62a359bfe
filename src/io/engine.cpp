#include "taut/io/engine.hpp"

#include <sys/prctl.h>

#include <cassert>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "epoll_engine.hpp"
#include "io_uring_engine.hpp"

namespace taut {

namespace {

// How late the kernel may end a wait of the thread. Its default is 50,000.
constexpr unsigned long timerSlack = 1000;  // nanoseconds

}  // namespace

std::unique_ptr<Engine> Engine::make(const EngineOptions& options) {
  const EngineKind kind = options.kind == EngineKind::automatic ? automaticEngine().kind : options.kind;
  if (kind == EngineKind::epoll) return std::make_unique<EpollEngine>();
  return std::make_unique<IoUringEngine>(options);
}

Engine::~Engine() {
  assert(runnable_.empty() && gathered_.empty());
}

std::size_t Engine::poll(std::optional<Duration> limit) {
  while (BeforeSubmit* work = gathered_.popFront()) work->beforeSubmit();
  return carryOut(limit);
}

void Engine::resumeRunnable() {
  IntrusiveList<Runnable> now(std::move(runnable_));
  while (Runnable* runnable = now.popFront()) runnable->resume();
}

void Engine::enterThread() noexcept {
  ::prctl(PR_SET_TIMERSLACK, timerSlack, 0, 0, 0);
  tieToThread();
}

void Engine::leaveThread() noexcept {
  untieFromThread();
  ::prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0);  // back to the default
}

}  // namespace taut
