// The Python interpreter of the process, on a thread of its own: the only one that ever waits for Python's global lock.
// A shard leaves work here and is told by `Shard::post` when it is done, so a script that is slow, or never ends, keeps
// only other scripts waiting.
//
// The thread starts with the first work and ends with the process: Python is never finalised.
#pragma once

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "taut/io/offload.hpp"
#include "taut/io/shard.hpp"

// As Python.h has it.
struct _object;  // NOLINT

namespace taut {

using PythonPointer = ::_object*;

// What Python does for a shard: `call` runs on the interpreter's thread, and may be asked for several times.
class PythonWork : public detail::OffloadJob {
 public:
  using OffloadJob::OffloadJob;

  // On any thread: the shard does not wait for it any more.
  bool isUnwanted() const noexcept { return isUnwanted_.load(std::memory_order_relaxed); }

 private:
  friend class Interpreter;
  std::atomic<bool> isUnwanted_ = false;
};

class Interpreter {
 public:
  static Interpreter& ofProcess();

  // On any thread: has the work called, and then finished for its shard. Throws std::system_error where the thread
  // cannot be started, and std::bad_alloc.
  void post(std::shared_ptr<PythonWork> work);
  // On the work's shard, which is not touched from then on. It is called once more, unwanted, to give up what it has.
  // If it is running, what runs in it is interrupted.
  void giveUp(const std::shared_ptr<PythonWork>& work) noexcept;
  // On any thread: has one reference to the object given back.
  void release(PythonPointer object) noexcept;

  // Why there is no Python; empty: there is. On its thread, as the next one.
  const std::string& failure() const { return failure_; }
  // Whether what runs now is not wanted any more.
  bool runsUnwanted() const noexcept { return runningHere_ != nullptr && runningHere_->isUnwanted(); }

 private:
  Interpreter() = default;

  void run() noexcept;
  void initialise();
  std::shared_ptr<PythonWork> next() noexcept;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<PythonWork>> waiting_;
  std::vector<PythonPointer> released_;
  PythonWork* running_ = nullptr;
  bool hasThread_ = false;
  pthread_t thread_{};

  PythonWork* runningHere_ = nullptr;  // the same as running_, for the thread itself
  std::string failure_;
};

// A reference to a Python object that any thread may hold and destroy, and only the interpreter's uses.
class PythonReference {
 public:
  PythonReference() noexcept = default;
  explicit PythonReference(PythonPointer object) noexcept : object_(object) {}
  PythonReference(PythonReference&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  PythonReference& operator=(PythonReference&& other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~PythonReference() {
    if (object_ != nullptr) Interpreter::ofProcess().release(object_);
  }

  PythonPointer get() const noexcept { return object_; }

 private:
  PythonPointer object_ = nullptr;
};

}  // namespace taut
