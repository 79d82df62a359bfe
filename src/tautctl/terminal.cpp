#include "terminal.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>

namespace taut::ctl {

namespace {

constexpr std::array endingSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

volatile std::sig_atomic_t signalCame = 0;

void print(const char* text) {
  std::fputs(text, stdout);
  std::fflush(stdout);
}

// Without SA_RESTART, so that a wait ends.
void catchSignals() {
  struct sigaction action {};
  action.sa_handler = [](int) { signalCame = 1; };
  for (const int signal : endingSignals) ::sigaction(signal, &action, nullptr);
}

}  // namespace

Terminal::Terminal() : isThere_(::isatty(STDOUT_FILENO) == 1) {
  if (!isThere_) return;
  catchSignals();
  termios settings{};
  if (::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &settings) == 0) {
    before_ = settings;
    settings.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    settings.c_cc[VSUSP] = _POSIX_VDISABLE;  // stopped, it would leave the terminal as it is here
    ::tcsetattr(STDIN_FILENO, TCSANOW, &settings);
  }
  print("\x1b[?1049h\x1b[?25l");
}

Terminal::~Terminal() {
  if (!isThere_) return;
  print("\x1b[?25h\x1b[?1049l");
  if (before_) ::tcsetattr(STDIN_FILENO, TCSANOW, &*before_);
}

ScreenSize Terminal::size() const {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return {23, 80};
  return {size.ws_row - std::size_t{1}, size.ws_col};
}

bool Terminal::waitFor(int fd, const std::function<bool(char key)>& press) {
  std::array<pollfd, 2> awaited{{{fd, POLLIN, 0}, {before_ ? STDIN_FILENO : -1, POLLIN, 0}}};
  while (signalCame == 0) {
    if (::poll(awaited.data(), awaited.size(), -1) < 0) {
      if (errno != EINTR) return true;
      continue;
    }
    if (awaited[1].revents != 0) {
      char key = 0;
      if (::read(STDIN_FILENO, &key, 1) != 1 || !press(key)) return false;
    }
    if (awaited[0].revents != 0) return true;
  }
  return false;
}

}  // namespace taut::ctl
