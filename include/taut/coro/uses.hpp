// Counts the coroutines that are using something which is to outlive them, for what is closed before it is destroyed.
//
//   Task<> Pool::exchange() {
//     const Uses::Use use(uses_);   // the first variable, and so the last to go
//     …
//   }
//   Task<> Pool::close() { … co_await uses_.end(); }
#pragma once

#include <cstddef>

#include "taut/coro/event.hpp"
#include "taut/coro/task.hpp"

namespace taut {

class Uses {
 public:
  // What is used may be destroyed when the last one goes.
  class Use {
   public:
    explicit Use(Uses& uses) noexcept : uses_(uses) { ++uses_.count_; }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() {
      if (--uses_.count_ == 0) uses_.ended_.set();
    }

   private:
    Uses& uses_;
  };

  bool any() const noexcept { return count_ > 0; }
  // Waits until there is none, also where the task that waits is stopped.
  Task<> end();

 private:
  std::size_t count_ = 0;
  Event ended_;
};

}  // namespace taut
