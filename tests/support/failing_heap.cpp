#include "support/failing_heap.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

constinit thread_local std::size_t skipped = 0;
constinit thread_local std::size_t failing = 0;
constinit thread_local std::size_t failures = 0;

bool fails() noexcept {
  if (failing == 0) return false;
  if (skipped > 0) {
    --skipped;
    return false;
  }
  --failing;
  ++failures;
  return true;
}

void* allocate(std::size_t size) noexcept {
  return fails() ? nullptr : std::malloc(size == 0 ? 1 : size);
}

void* allocateOrThrow(std::size_t size) {
  if (void* memory = allocate(size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

namespace taut {

void FailingHeap::arm(std::size_t skippedFirst, std::size_t failingThen) noexcept {
  skipped = skippedFirst;
  failing = failingThen;
  failures = 0;
}

std::size_t FailingHeap::failed() noexcept {
  return failures;
}

}  // namespace taut

void* operator new(std::size_t size) {
  return allocateOrThrow(size);
}
void* operator new[](std::size_t size) {
  return allocateOrThrow(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}
