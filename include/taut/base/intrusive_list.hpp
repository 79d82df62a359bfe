// A doubly linked list through hooks that are part of the elements: linking and unlinking allocate nothing, take
// constant time and need no reference to the list. An element derives from ListHook<Tag>; an element on several kinds
// of list at a time derives from several hooks with different tags. The list owns nothing.
#pragma once

#include <cassert>
#include <cstddef>
#include <iterator>

namespace taut {

template <typename T, typename Tag>
class IntrusiveList;

template <typename Tag = void>
class ListHook {
 public:
  ListHook() noexcept = default;
  ListHook(const ListHook&) = delete;
  ListHook& operator=(const ListHook&) = delete;
  // A list that holds a destroyed element is corrupt memory, found late; the assertion finds it here.
  ~ListHook() { assert(!isLinked()); }

  bool isLinked() const noexcept { return next_ != nullptr; }

  // Takes this element off whatever list it is on, if any.
  void unlink() noexcept {
    if (!isLinked()) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }

 private:
  template <typename, typename>
  friend class IntrusiveList;

  ListHook* next_ = nullptr;
  ListHook* previous_ = nullptr;
};

template <typename T, typename Tag = void>
class IntrusiveList {
  using Hook = ListHook<Tag>;

 public:
  class Iterator {
   public:
    using iterator_category = std::bidirectional_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = T*;
    using reference = T&;

    Iterator() noexcept = default;
    reference operator*() const noexcept { return *static_cast<T*>(hook_); }
    pointer operator->() const noexcept { return static_cast<T*>(hook_); }
    Iterator& operator++() noexcept {
      hook_ = hook_->next_;
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      ++*this;
      return before;
    }
    Iterator& operator--() noexcept {
      hook_ = hook_->previous_;
      return *this;
    }
    Iterator operator--(int) noexcept {
      Iterator before = *this;
      --*this;
      return before;
    }
    friend bool operator==(Iterator a, Iterator b) noexcept { return a.hook_ == b.hook_; }

   private:
    friend class IntrusiveList;
    explicit Iterator(Hook* hook) noexcept : hook_(hook) {}
    Hook* hook_ = nullptr;
  };

  IntrusiveList() noexcept { head_.next_ = head_.previous_ = &head_; }
  // Takes over all elements of the other list.
  IntrusiveList(IntrusiveList&& other) noexcept : IntrusiveList() { append(other); }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;
  ~IntrusiveList() {
    assert(empty());
    head_.next_ = head_.previous_ = nullptr;
  }

  bool empty() const noexcept { return head_.next_ == &head_; }
  // Counts: linear in the number of elements.
  std::size_t size() const noexcept {
    std::size_t count = 0;
    for (const Hook* hook = head_.next_; hook != &head_; hook = hook->next_) ++count;
    return count;
  }

  T& front() noexcept {
    assert(!empty());
    return *static_cast<T*>(head_.next_);
  }
  T& back() noexcept {
    assert(!empty());
    return *static_cast<T*>(head_.previous_);
  }

  void pushBack(T& element) noexcept { insertBefore(&head_, element); }
  void pushFront(T& element) noexcept { insertBefore(head_.next_, element); }
  // Puts `element` before `position`, which is on this list.
  void insert(Iterator position, T& element) noexcept { insertBefore(position.hook_, element); }

  // The first element, taken off; nullptr when there is none.
  T* popFront() noexcept {
    if (empty()) return nullptr;
    Hook* hook = head_.next_;
    hook->unlink();
    return static_cast<T*>(hook);
  }
  void erase(T& element) noexcept { static_cast<Hook&>(element).unlink(); }
  // Moves everything on `other` to the end of this list, in constant time.
  void append(IntrusiveList& other) noexcept {
    if (other.empty() || &other == this) return;
    Hook* first = other.head_.next_;
    Hook* last = other.head_.previous_;
    other.head_.next_ = other.head_.previous_ = &other.head_;
    first->previous_ = head_.previous_;
    head_.previous_->next_ = first;
    last->next_ = &head_;
    head_.previous_ = last;
  }
  void clear() noexcept {
    while (popFront() != nullptr) {
    }
  }

  Iterator begin() noexcept { return Iterator(head_.next_); }
  Iterator end() noexcept { return Iterator(&head_); }

 private:
  static void insertBefore(Hook* position, T& element) noexcept {
    Hook* hook = static_cast<Hook*>(&element);
    assert(!hook->isLinked());
    hook->next_ = position;
    hook->previous_ = position->previous_;
    position->previous_->next_ = hook;
    position->previous_ = hook;
  }

  Hook head_;
};

}  // namespace taut
