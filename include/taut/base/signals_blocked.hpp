// Blocks all signals on the calling thread while it exists. A thread that is started meanwhile has them blocked for
// good, so that they go to the threads of the program that wait for them.
#pragma once

#include <pthread.h>
#include <signal.h>

namespace taut {

class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace taut
