#include "malloc_counter.hpp"

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TAUT_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TAUT_SANITIZED 1
#endif
#endif

#if defined(TAUT_SANITIZED) || !defined(__GLIBC__)

// The sanitizers have a malloc of their own.
std::size_t taut::MallocCounter::allocations() noexcept {
  return 0;
}

#else

namespace {

constinit thread_local std::size_t counted = 0;

}  // namespace

std::size_t taut::MallocCounter::allocations() noexcept {
  return counted;
}

extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
  ++counted;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  ++counted;
  return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
  ++counted;
  return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++counted;
  return __libc_memalign(alignment, size);
}
}

#endif
