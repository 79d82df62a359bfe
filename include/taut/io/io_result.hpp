// IoResult is what an I/O operation came to: a count or a descriptor, or the reason why not. What the network does
// (a reset, a refused connection, a stop while waiting) is an ordinary value and never an exception.
#pragma once

#include <cerrno>
#include <cstddef>
#include <string>
#include <system_error>

namespace taut {

class IoResult {
 public:
  constexpr IoResult() noexcept = default;
  // A count where not negative, else a negated error number, as the kernel reports it.
  explicit constexpr IoResult(int raw) noexcept : raw_(raw) {}
  static constexpr IoResult failure(int error) noexcept { return IoResult(-error); }

  constexpr bool ok() const noexcept { return raw_ >= 0; }
  constexpr explicit operator bool() const noexcept { return ok(); }
  // Bytes moved, or whatever the operation counts; 0 where it failed.
  constexpr std::size_t value() const noexcept { return ok() ? static_cast<std::size_t>(raw_) : 0; }
  // The error number, 0 where it succeeded.
  constexpr int error() const noexcept { return ok() ? 0 : -raw_; }
  // Ended by a stop request.
  constexpr bool stopped() const noexcept { return raw_ == -ECANCELED; }
  // A text for messages and logs.
  std::string message() const { return ok() ? "success" : std::generic_category().message(error()); }

  friend constexpr bool operator==(IoResult, IoResult) noexcept = default;

 private:
  int raw_ = 0;
};

}  // namespace taut
