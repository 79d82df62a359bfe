// Divides a long loop among threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>
#include <thread>
#include <vector>

namespace taut::detail {

// Starts a thread that runs `function`. False where the system has no room for one: the caller does the work then.
// There is room in the vector.
template <class Function>
bool startThread(std::vector<std::thread>& threads, const Function& function) {
  try {
    threads.emplace_back(function);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

// Calls `work(begin, end)` for consecutive parts of [0, count), each in a thread of its own, the last in the caller's.
// Short loops are not divided: a part has at least `smallest` rounds.
template <class Work>
void inParts(unsigned threads, std::size_t count, std::size_t smallest, const Work& work) {
  const std::size_t parts = std::clamp<std::size_t>(count / smallest, 1, std::max(threads, 1U));
  const std::size_t size = count / parts;
  std::vector<std::exception_ptr> failures(parts);
  const auto workOn = [&](std::size_t part) noexcept {
    try {
      work(part * size, part + 1 < parts ? (part + 1) * size : count);
    } catch (...) {
      failures[part] = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  others.reserve(parts);
  for (std::size_t part = 0; part + 1 < parts; ++part)
    if (!startThread(others, [&workOn, part] { workOn(part); })) workOn(part);
  workOn(parts - 1);
  for (std::thread& other : others) other.join();
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

// std::sort, by several threads: parts are sorted and then merged, two by two.
template <class Iterator, class Less>
void sortInParts(unsigned threads, Iterator begin, Iterator end, const Less& less) {
  constexpr std::size_t smallest = std::size_t{1} << 16;
  const auto count = static_cast<std::size_t>(end - begin);
  std::size_t parts = 1;
  while (parts * 2 <= threads && count / (parts * 2) >= smallest) parts *= 2;
  const auto border = [&](std::size_t part) { return begin + static_cast<std::ptrdiff_t>(count * part / parts); };
  inParts(static_cast<unsigned>(parts), parts, 1, [&](std::size_t first, std::size_t last) {
    for (; first < last; ++first) std::sort(border(first), border(first + 1), less);
  });
  for (std::size_t width = 1; width < parts; width *= 2)
    inParts(static_cast<unsigned>(parts), parts / (2 * width), 1, [&](std::size_t first, std::size_t last) {
      for (; first < last; ++first) {
        const std::size_t left = first * 2 * width;
        std::inplace_merge(border(left), border(left + width), border(left + 2 * width), less);
      }
    });
}

}  // namespace taut::detail
