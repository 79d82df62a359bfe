#include "taut/io/timer.hpp"

#include <cassert>
#include <cstddef>

namespace taut {

TimerQueue::~TimerQueue() {
  assert(heap_.empty() && "timers end before their shard");
}

void TimerQueue::place(std::size_t position, Entry entry) noexcept {
  heap_[position] = entry;
  entry.timer->position_ = position;
}

void TimerQueue::siftUp(std::size_t position, Entry entry) noexcept {
  while (position > 0) {
    const std::size_t parent = (position - 1) / 2;
    if (heap_[parent].deadline <= entry.deadline) break;
    place(position, heap_[parent]);
    position = parent;
  }
  place(position, entry);
}

void TimerQueue::siftDown(std::size_t position, Entry entry) noexcept {
  for (;;) {
    std::size_t child = 2 * position + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].deadline < heap_[child].deadline) ++child;
    if (entry.deadline <= heap_[child].deadline) break;
    place(position, heap_[child]);
    position = child;
  }
  place(position, entry);
}

void TimerQueue::arm(Timer& timer, TimePoint deadline) {
  timer.disarm();
  const Entry entry{deadline, &timer};
  heap_.push_back(entry);
  timer.queue_ = this;
  siftUp(heap_.size() - 1, entry);
}

void TimerQueue::remove(Timer& timer) noexcept {
  const std::size_t position = timer.position_;
  assert(position < heap_.size() && heap_[position].timer == &timer);
  timer.queue_ = nullptr;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (position == heap_.size()) return;
  if (position > 0 && last.deadline < heap_[(position - 1) / 2].deadline) {
    siftUp(position, last);
  } else {
    siftDown(position, last);
  }
}

void TimerQueue::expire(TimePoint now) noexcept {
  // At most as many as there are now: an endless chain of timers that are due at once must not hold up the loop.
  for (std::size_t left = heap_.size(); left > 0 && !heap_.empty() && heap_.front().deadline <= now; --left) {
    Timer& timer = *heap_.front().timer;
    remove(timer);
    timer.function_(timer);
  }
}

}  // namespace taut
