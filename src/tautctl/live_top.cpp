#include "live_top.hpp"

#include <cstdio>
#include <utility>

namespace taut::ctl {

namespace {

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace

bool LiveTop::take(std::string_view part) {
  incoming_ += part;
  const std::size_t end = incoming_.find('\n');
  if (end == std::string::npos) return true;
  last_ = incoming_.substr(0, end);
  incoming_.erase(0, end + 1);
  if (terminal_.isThere()) {
    show();
    return true;
  }
  const std::string report = reportOf(last_);
  print(report);
  return report.empty();
}

bool LiveTop::waitFor(int fd) {
  return terminal_.waitFor(fd, [this](char key) { return press(key); });
}

bool LiveTop::press(char key) {
  if (key == 'q') return false;
  if (const auto list = listOf(key)) {
    list_ = *list;
    show();
  }
  return true;
}

void LiveTop::show() const {
  const std::string screen = screenOf(last_, list_, terminal_.size());
  if (!screen.empty()) print("\x1b[H\x1b[2J" + screen);
}

}  // namespace taut::ctl
