// SharedList is a vector of shared pointers that takes what stands in braces, and where `nullptr` there does not
// compile: resolvers and caches are given this way. A pointer that is null at run time is an element like any other.
#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

namespace taut {

template <typename T>
class SharedList : public std::vector<std::shared_ptr<T>> {
  using Vector = std::vector<std::shared_ptr<T>>;

  template <typename>
  static constexpr bool never = false;

 public:
  // What stands in the braces, until it is copied.
  class Element {
   public:
    template <std::convertible_to<std::shared_ptr<T>> Pointer>
    requires(!std::same_as<Pointer, std::nullptr_t>) Element(Pointer pointer) : pointer_(std::move(pointer)) {}
    template <std::same_as<std::nullptr_t> Null>
    Element(Null) {
      static_assert(never<Null>, "nullptr is no resolver and no cache: leave it out");
    }

    const std::shared_ptr<T>& pointer() const { return pointer_; }

   private:
    std::shared_ptr<T> pointer_;
  };

  SharedList() = default;
  SharedList(std::initializer_list<Element> elements) {
    this->reserve(elements.size());
    for (const Element& element : elements) this->push_back(element.pointer());
  }
  SharedList(Vector pointers) : Vector(std::move(pointers)) {}
};

}  // namespace taut
