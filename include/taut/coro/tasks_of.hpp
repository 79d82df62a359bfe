// tasksOf makes the list of tasks that firstOf and allOf take.
#pragma once

#include <concepts>
#include <utility>
#include <vector>

#include "taut/coro/task.hpp"

namespace taut {

template <typename T, std::same_as<Task<T>>... More>
std::vector<Task<T>> tasksOf(Task<T> first, More... more) {
  std::vector<Task<T>> tasks;
  tasks.reserve(1 + sizeof...(more));
  tasks.push_back(std::move(first));
  (tasks.push_back(std::move(more)), ...);
  return tasks;
}

}  // namespace taut
