// The terminal of a live view. While this object lives there is a screen of its own, keys come at once and are not
// echoed, and a signal that asks for the end ends the waiting, so that the terminal is left as it was.
#pragma once

#include <termios.h>

#include <functional>
#include <optional>

#include "top.hpp"

namespace taut::ctl {

class Terminal {
 public:
  // Where standard output is no terminal nothing of this happens; where standard input is none there are no keys.
  Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal();

  bool isThere() const { return isThere_; }
  ScreenSize size() const;  // one row less than there is

  // Waits until there is something to read from `fd`, and gives each key to `press`. False where `press` says so, or a
  // signal asks for the end.
  bool waitFor(int fd, const std::function<bool(char key)>& press);

 private:
  bool isThere_;
  std::optional<termios> before_;  // where there are keys
};

}  // namespace taut::ctl
