// How many questions one server is asked at a time, found out by asking: 4 at first, one more after each window of
// answers, 64 at most, and half as many after a question that found no answer (the additive increase and multiplicative
// decrease of RFC 5681 section 3.1).
//
// A server that is asked for a hundred thousand zones at once drops what it cannot take, and each drop costs a
// time-out; one that takes everything is not kept waiting for.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace taut {

class QuestionWindow {
 public:
  static constexpr std::size_t first = 4;
  static constexpr std::size_t most = 64;

  QuestionWindow() = default;
  QuestionWindow(const QuestionWindow&) = delete;
  QuestionWindow& operator=(const QuestionWindow&) = delete;

  bool hasRoom() const { return inFlight_ < size_; }
  std::size_t size() const { return size_; }
  std::size_t inFlight() const { return inFlight_; }

  // One question's place, also where there is no room. The window outlives it.
  class Place {
   public:
    explicit Place(QuestionWindow& window) : window_(window), number_(window.begun_++) { ++window_.inFlight_; }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { --window_.inFlight_; }

    void answered() const { window_.grow(); }
    void timedOut() const { window_.shrink(number_); }

   private:
    QuestionWindow& window_;
    std::uint64_t number_;
  };

 private:
  // A window that is not used does not show what the server would take.
  void grow() {
    if (2 * inFlight_ < size_ || ++answers_ < size_) return;
    answers_ = 0;
    size_ = std::min(size_ + 1, most);
  }
  // Questions that were in flight when the window shrank were too many for the window before, not for this one.
  void shrink(std::uint64_t number) {
    if (number < counted_) return;
    counted_ = begun_;
    answers_ = 0;
    size_ = std::max<std::size_t>(size_ / 2, 1);
  }

  std::size_t size_ = first;
  std::size_t inFlight_ = 0;
  std::size_t answers_ = 0;    // since the window last changed
  std::uint64_t begun_ = 0;    // questions
  std::uint64_t counted_ = 0;  // time-outs of earlier questions do not count
};

}  // namespace taut
