#include "jobs.hpp"

#include <utility>

namespace taut {

Jobs::~Jobs() {
  for (Job& job : jobs_) job.thread.join();
}

bool Jobs::start(std::function<void()> function) {
  const std::scoped_lock lock(mutex_);
  for (auto job = jobs_.begin(); job != jobs_.end();) {
    if (!job->ended) {
      ++job;
      continue;
    }
    job->thread.join();
    job = jobs_.erase(job);
  }
  if (jobs_.size() == maxRunning) return false;
  Job& job = jobs_.emplace_back();
  try {
    job.thread = std::thread([this, &job, function = std::move(function)] {
      function();
      const std::scoped_lock ending(mutex_);
      job.ended = true;
    });
  } catch (...) {
    jobs_.pop_back();
    throw;
  }
  return true;
}

}  // namespace taut
