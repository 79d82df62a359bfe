#include "taut/io/offload.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "taut/base/log.hpp"
#include "taut/base/signals_blocked.hpp"

namespace taut {

namespace {

constexpr std::size_t processThreads = 8;
constexpr std::size_t processWaiting = 256;

}  // namespace

// Shared by the pool and its threads, of which the last one to end frees it.
class OffloadPool::State {
 public:
  State(std::size_t threads, std::size_t maxWaiting) : maxThreads_(threads), maxWaiting_(maxWaiting) {}

  // False where there is no place.
  static bool add(const std::shared_ptr<State>& state, std::shared_ptr<detail::OffloadJob> job) {
    const std::scoped_lock lock(state->mutex_);
    if (state->running_ + state->waiting_.size() >= state->maxThreads_ + state->maxWaiting_) return false;
    if (state->running_ + state->waiting_.size() >= state->threads_) startThread(state);
    state->waiting_.push_back(std::move(job));
    state->changed_.notify_one();
    return true;
  }

  // The job is not begun any more.
  void remove(const std::shared_ptr<detail::OffloadJob>& job) noexcept {
    const std::scoped_lock lock(mutex_);
    std::erase(waiting_, job);
  }

  void end() noexcept {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }

  std::size_t size() const {
    const std::scoped_lock lock(mutex_);
    return running_ + waiting_.size();
  }

 private:
  // One that cannot be started is no harm where there are others.
  static void startThread(const std::shared_ptr<State>& state) {
    if (state->threads_ >= state->maxThreads_) return;
    try {
      const SignalsBlocked blocked;
      std::thread([state] { state->work(); }).detach();
      ++state->threads_;
    } catch (const std::system_error& error) {
      if (state->threads_ == 0) throw;
      log::warning("cannot start a thread for what blocks: {}", error.what());
    }
  }

  void work() noexcept {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
      if (ending_) return;
      std::shared_ptr<detail::OffloadJob> job = std::move(waiting_.front());
      waiting_.pop_front();
      ++running_;
      lock.unlock();
      job->call();
      lock.lock();
      --running_;  // before its awaiter can offload the next one
      lock.unlock();
      Handover::finish(job);
      job.reset();
      lock.lock();
    }
  }

  const std::size_t maxThreads_;
  const std::size_t maxWaiting_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<detail::OffloadJob>> waiting_;
  std::size_t threads_ = 0;
  std::size_t running_ = 0;
  bool ending_ = false;
};

OffloadPool::OffloadPool(std::size_t threads, std::size_t maxWaiting)
    : state_(std::make_shared<State>(threads, maxWaiting)) {
  if (threads == 0) throw std::invalid_argument("a pool of threads without threads");
}

OffloadPool::~OffloadPool() {
  state_->end();
}

OffloadPool& OffloadPool::ofProcess() {
  static OffloadPool pool(processThreads, processWaiting);
  return pool;
}

std::size_t OffloadPool::size() const {
  return state_->size();
}

OffloadPool::Place::Place(std::shared_ptr<State> state, std::shared_ptr<detail::OffloadJob> job)
    : state_(std::move(state)) {
  if (State::add(state_, job)) job_ = std::move(job);
}

OffloadPool::Place::~Place() {
  if (!job_) return;
  job_->abandon();
  state_->remove(job_);
}

}  // namespace taut
