#include "interpreter.hpp"

#include <pybind11/pybind11.h>

#include <dlfcn.h>
#include <signal.h>

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "module.hpp"
#include "taut/base/log.hpp"
#include "taut/base/signals_blocked.hpp"

namespace py = pybind11;

namespace taut {

namespace {

// Sent to the interpreter's thread when what runs there is to be interrupted: calls that block end by it too.
int interruptSignal() {
  return SIGRTMAX - 4;
}

// Extension modules find the symbols of libpython only where all may see them, and handlers are loaded apart.
void shareSymbols() {
  Dl_info library{};
  if (::dladdr(reinterpret_cast<void*>(&Py_IsInitialized), &library) == 0 ||
      ::dlopen(library.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL) == nullptr)
    throw std::runtime_error("the symbols of libpython cannot be shared");
}

void require(const PyStatus& status) {
  if (PyStatus_Exception(status) != 0)
    throw std::runtime_error(status.err_msg != nullptr ? status.err_msg : "Python does not start");
}

// Without the environment's variables and the user's packages, and without a handler for SIGINT.
void startPython() {
  PyConfig config;
  PyConfig_InitIsolatedConfig(&config);
  config.write_bytecode = 0;
  try {
    require(PyConfig_SetBytesString(&config, &config.home, TAUT_PYTHON_HOME));
    require(Py_InitializeFromConfig(&config));
  } catch (...) {
    PyConfig_Clear(&config);
    throw;
  }
  PyConfig_Clear(&config);
}

}  // namespace

// Never destroyed: its thread ends with the process.
Interpreter& Interpreter::ofProcess() {
  static auto* const interpreter = new Interpreter;
  return *interpreter;
}

void Interpreter::post(std::shared_ptr<PythonWork> work) {
  const std::scoped_lock lock(mutex_);
  if (!hasThread_) {
    const SignalsBlocked blocked;
    std::thread thread([this] { run(); });
    thread_ = thread.native_handle();
    thread.detach();
    hasThread_ = true;
  }
  waiting_.push_back(std::move(work));
  changed_.notify_one();
}

void Interpreter::giveUp(const std::shared_ptr<PythonWork>& work) noexcept {
  work->abandon();
  work->isUnwanted_.store(true, std::memory_order_relaxed);
  const std::scoped_lock lock(mutex_);
  // One that runs on has caught the interruption, so it gets another one with each work that is given up.
  if (running_ != nullptr && running_->isUnwanted()) pthread_kill(thread_, interruptSignal());
  if (std::ranges::find(waiting_, work) != waiting_.end()) return;
  try {
    waiting_.push_back(work);
    changed_.notify_one();
  } catch (const std::bad_alloc&) {
    // What it holds is released with it.
  }
}

void Interpreter::release(PythonPointer object) noexcept {
  const std::scoped_lock lock(mutex_);
  try {
    released_.push_back(object);
    changed_.notify_one();
  } catch (const std::bad_alloc&) {
    // The object stays.
  }
}

void Interpreter::initialise() {
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, interruptSignal());
  pthread_sigmask(SIG_UNBLOCK, &interrupt, nullptr);
  if (Py_IsInitialized() != 0)
    throw std::runtime_error("Python belongs to the library that was loaded before: a changed one needs a restart");
  shareSymbols();
  startPython();
  makeTautModule(interruptSignal());
}

void Interpreter::run() noexcept {
  try {
    initialise();
  } catch (const std::exception& error) {
    failure_ = error.what();
  }
  while (std::shared_ptr<PythonWork> work = next()) {
    work->call();
    runningHere_ = nullptr;
    {
      const std::scoped_lock lock(mutex_);
      running_ = nullptr;
    }
    Handover::finish(work);
  }
}

// The lock of Python is given back while there is nothing to do, for threads that scripts have started. It is never
// waited for behind the mutex, which shards take.
std::shared_ptr<PythonWork> Interpreter::next() noexcept {
  for (;;) {
    std::unique_lock lock(mutex_);
    const auto isThere = [this] { return !waiting_.empty() || !released_.empty(); };
    if (!isThere()) {
      PyThreadState* const state = failure_.empty() ? PyEval_SaveThread() : nullptr;
      changed_.wait(lock, isThere);
      lock.unlock();
      if (state != nullptr) PyEval_RestoreThread(state);
      lock.lock();
    }
    const std::vector<PythonPointer> released = std::exchange(released_, {});
    std::shared_ptr<PythonWork> work;
    if (!waiting_.empty()) {
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    running_ = runningHere_ = work.get();
    lock.unlock();
    if (failure_.empty())
      for (const PythonPointer object : released) Py_DECREF(object);
    if (work) return work;
  }
}

}  // namespace taut
