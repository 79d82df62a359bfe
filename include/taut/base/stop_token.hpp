// StopSource, StopToken and StopCallback ask work on one thread to end early. They are the one way of cancelling: a
// time-out, a client that went away and a shutdown all request a stop. Unlike the standard ones they neither allocate
// nor synchronise; another thread posts to the shard instead. A stop is a request: the work that was asked still
// finishes by itself.
#pragma once

#include <utility>

#include "taut/base/intrusive_list.hpp"

namespace taut {

class StopSource;
class StopCallbackBase;

// A view of a source, which must outlive it. The default token never asks for a stop.
class StopToken {
 public:
  StopToken() noexcept = default;

  bool stopRequested() const noexcept;
  // False for the default token: it never asks.
  bool stopPossible() const noexcept { return source_ != nullptr; }

 private:
  friend StopSource;
  friend StopCallbackBase;
  explicit StopToken(StopSource& source) noexcept : source_(&source) {}

  StopSource* source_ = nullptr;
};

// A function to be called once when a stop is requested. Linked into the source, so it may be destroyed at any time.
class StopCallbackBase : private ListHook<StopToken> {
 public:
  using Function = void (*)(StopCallbackBase&) noexcept;

  explicit StopCallbackBase(Function function) noexcept : function_(function) {}
  ~StopCallbackBase() { detach(); }

  // Registers with the token's source. Returns false and does nothing where the stop was requested already; the
  // function is not called then.
  bool attach(StopToken token) noexcept;
  bool isAttached() const noexcept { return ListHook<StopToken>::isLinked(); }
  void detach() noexcept { ListHook<StopToken>::unlink(); }

 private:
  friend StopSource;
  friend IntrusiveList<StopCallbackBase, StopToken>;

  Function function_;
};

class StopSource {
 public:
  StopSource() noexcept = default;
  // A source that also stops when `parent` does.
  explicit StopSource(StopToken parent) noexcept;
  StopSource(const StopSource&) = delete;
  StopSource& operator=(const StopSource&) = delete;
  ~StopSource();

  StopToken token() noexcept { return StopToken(*this); }
  bool stopRequested() const noexcept { return stopped_; }

  // Calls the callbacks in the order of their registration, the first time only. A callback may resume a coroutine that
  // destroys other callbacks, or this source: false where that has happened.
  bool requestStop() noexcept;

 private:
  friend StopCallbackBase;

  class ParentCallback final : public StopCallbackBase {
   public:
    explicit ParentCallback(StopSource& source) noexcept : StopCallbackBase(&stopSource), source_(source) {}

   private:
    static void stopSource(StopCallbackBase& callback) noexcept {
      static_cast<ParentCallback&>(callback).source_.requestStop();
    }
    StopSource& source_;
  };

  IntrusiveList<StopCallbackBase, StopToken> callbacks_;
  ParentCallback parent_{*this};
  bool stopped_ = false;
  // The flag of a running requestStop(), set where a callback destroys the source.
  bool* destroyed_ = nullptr;
};

// Calls `action` when the token's source requests a stop; at once, from the constructor, where it has already.
template <typename Action>
class StopCallback final : public StopCallbackBase {
 public:
  StopCallback(StopToken token, Action action) noexcept : StopCallbackBase(&callFunction), action_(std::move(action)) {
    if (!attach(token)) action_();
  }

 private:
  static void callFunction(StopCallbackBase& callback) noexcept { static_cast<StopCallback&>(callback).action_(); }

  Action action_;
};

inline bool StopToken::stopRequested() const noexcept {
  return source_ != nullptr && source_->stopRequested();
}

inline bool StopCallbackBase::attach(StopToken token) noexcept {
  if (token.source_ == nullptr) return true;
  if (token.source_->stopRequested()) return false;
  token.source_->callbacks_.pushBack(*this);
  return true;
}

}  // namespace taut
