// A value that another thread makes and a coroutine of a shard waits for. The thread may come too late: the value is
// dropped when no coroutine waits any more. The shard outlives both.
//
//   const auto posted = Posted<int>::make(shard);
//   server.count([posted](int count) { posted->set(count); });   // called on any thread
//   const bool came = co_await posted->wait(stop);
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "taut/base/stop_token.hpp"
#include "taut/coro/event.hpp"
#include "taut/io/shard.hpp"

namespace taut {

template <typename T>
class Posted : public std::enable_shared_from_this<Posted<T>> {
 public:
  static std::shared_ptr<Posted> make(Shard& shard) { return std::shared_ptr<Posted>(new Posted(shard)); }

  // On any thread, once.
  void set(T value) {
    shard_.post([self = this->shared_from_this(), value = std::move(value)]() mutable {
      self->value_ = std::move(value);
      self->came_.set();
    });
  }

  // On the shard. True when the value is there.
  Event::Awaiter wait(StopToken stop) noexcept { return came_.wait(stop); }
  T& value() noexcept { return *value_; }

 private:
  explicit Posted(Shard& shard) noexcept : shard_(shard) {}

  Shard& shard_;
  Event came_;
  std::optional<T> value_;
};

}  // namespace taut
