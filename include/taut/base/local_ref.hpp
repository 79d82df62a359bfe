// LocalRef counts references without atomics, for objects that one thread alone refers to: the snapshot that a shard
// serves from, pinned by each query in flight. Data that several shards share sits behind a std::shared_ptr inside the
// object that the LocalRefs point to, so its shared count is touched once for each reload and never by a query.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace taut {

template <typename T>
class LocalRef;

// Base of what a LocalRef can point to. It is neither copied nor moved, because its identity is what is counted.
class LocalCounted {
 public:
  LocalCounted() noexcept = default;
  LocalCounted(const LocalCounted&) = delete;
  LocalCounted& operator=(const LocalCounted&) = delete;

  std::uint32_t useCount() const noexcept { return references_; }

 protected:
  ~LocalCounted() { assert(references_ == 0); }

 private:
  template <typename>
  friend class LocalRef;

  mutable std::uint32_t references_ = 0;
};

// T derives from LocalCounted and was made by `new`; the last reference deletes it as a T.
template <typename T>
class LocalRef {
 public:
  LocalRef() noexcept = default;
  LocalRef(std::nullptr_t) noexcept {}
  explicit LocalRef(T* object) noexcept : object_(object) { acquire(); }
  LocalRef(const LocalRef& other) noexcept : object_(other.object_) { acquire(); }
  LocalRef(LocalRef&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  LocalRef& operator=(LocalRef other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~LocalRef() { release(); }

  T* get() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  T* operator->() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  void reset() noexcept {
    release();
    object_ = nullptr;
  }

  friend bool operator==(const LocalRef& a, const LocalRef& b) noexcept { return a.object_ == b.object_; }

 private:
  void acquire() noexcept {
    if (object_ != nullptr) ++static_cast<const LocalCounted*>(object_)->references_;
  }
  void release() noexcept {
    if (object_ != nullptr && --static_cast<const LocalCounted*>(object_)->references_ == 0) delete object_;
  }

  T* object_ = nullptr;
};

template <typename T, typename... Arguments>
LocalRef<T> makeLocalRef(Arguments&&... arguments) {
  return LocalRef<T>(new T(std::forward<Arguments>(arguments)...));
}

}  // namespace taut
