// Result is a value or the reason why there is none, for operations whose failure is an ordinary outcome: parsing what
// came from the network, a connection that is refused. Such a failure must not throw: throwing is slow, and the sender
// decides how often it happens.
//
//   Result<Header, ParseError> readHeader(…) {
//     if (tooShort) return Failure(ParseError::truncated);
//     return header;
//   }
#pragma once

#include <cassert>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace taut {

template <typename E>
class Failure {
 public:
  explicit constexpr Failure(E reason) : error(std::move(reason)) {}
  E error;
};

template <typename T, typename E>
class [[nodiscard]] Result {
 public:
  template <typename U = T>
  requires std::is_convertible_v<U&&, T>
  constexpr Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}
  template <typename F>
  requires std::is_convertible_v<F, E>
  constexpr Result(Failure<F> failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}

  constexpr bool ok() const noexcept { return state_.index() == 0; }
  constexpr explicit operator bool() const noexcept { return ok(); }

  // The value; only where ok().
  constexpr T& value() & { return *get(); }
  constexpr const T& value() const& { return *get(); }
  constexpr T&& value() && { return std::move(*get()); }
  constexpr T& operator*() & { return *get(); }
  constexpr const T& operator*() const& { return *get(); }
  constexpr T&& operator*() && { return std::move(*get()); }
  constexpr T* operator->() { return get(); }
  constexpr const T* operator->() const { return get(); }

  // The reason; only where not ok().
  constexpr const E& error() const {
    assert(!ok());
    return *std::get_if<1>(&state_);
  }

  template <typename U>
  constexpr T valueOr(U&& otherwise) && {
    return ok() ? std::move(*get()) : static_cast<T>(std::forward<U>(otherwise));
  }

 private:
  constexpr T* get() {
    assert(ok());
    return std::get_if<0>(&state_);
  }
  constexpr const T* get() const {
    assert(ok());
    return std::get_if<0>(&state_);
  }

  std::variant<T, E> state_;
};

// Success without a value, or the reason for a failure.
template <typename E>
class [[nodiscard]] Result<void, E> {
 public:
  constexpr Result() = default;
  template <typename F>
  requires std::is_convertible_v<F, E>
  constexpr Result(Failure<F> failure) : error_(std::move(failure.error)) {}

  constexpr bool ok() const noexcept { return !error_.has_value(); }
  constexpr explicit operator bool() const noexcept { return ok(); }
  constexpr const E& error() const {
    assert(!ok());
    return *error_;
  }

 private:
  std::optional<E> error_;
};

}  // namespace taut
