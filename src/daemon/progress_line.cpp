#include "progress_line.hpp"

#include <unistd.h>

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace taut {

namespace {

constexpr std::chrono::milliseconds interval{100};

// The cursor goes back to the start, so that a line of the log overwrites this one.
constexpr std::string_view lineEnd = "\x1b[K\r";

std::string grouped(std::size_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

void write(std::string_view text) {
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

// A load that ends within the first interval shows no line.
ProgressLine::ProgressLine(std::size_t zones)
    : zones_(zones), terminal_(::isatty(STDERR_FILENO) == 1), next_(std::chrono::steady_clock::now() + interval) {}

ProgressLine::~ProgressLine() {
  if (shown_) write(lineEnd);
}

void ProgressLine::addRecords(std::size_t count) {
  records_ += count;
  show();
}

void ProgressLine::addZone() {
  ++loaded_;
  show();
}

void ProgressLine::show() {
  const auto now = std::chrono::steady_clock::now();
  if (!terminal_ || now < next_) return;
  next_ = now + interval;
  shown_ = true;
  write(fmt::format("loaded {} of {} zones, {} records{}", grouped(loaded_), grouped(zones_), grouped(records_),
                    lineEnd));
}

}  // namespace taut
