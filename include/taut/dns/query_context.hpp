// What is put on a query for those who see it later: one value of each type, found by its type.
//
// Values come from the LocalPool and go with the query. A query that was copied, and its copies, share the values that
// were there at the time. All of it belongs to the thread of the query.
#pragma once

#include <type_traits>
#include <typeinfo>
#include <utility>

#include "taut/base/local_pool.hpp"
#include "taut/base/local_ref.hpp"

namespace taut {

class QueryContext {
 public:
  // Null where there is no value of exactly this type.
  template <typename T>
  T* get() const noexcept {
    for (const Entry* entry = last_.get(); entry; entry = entry->before.get())
      if (entry->type == typeid(T)) return &static_cast<const Value<T>*>(entry)->value;
    return nullptr;
  }

  // In the place of the value of this type, where there is one. The reference is valid as long as the query.
  template <typename T>
  T& set(T value) {
    static_assert(std::is_nothrow_destructible_v<T> && std::is_move_assignable_v<T>);
    if (T* const found = get<T>()) return *found = std::move(value);
    LocalRef<const Value<T>> made(new Value<T>(std::move(value), std::move(last_)));
    T& stored = made->value;
    last_ = LocalRef<const Entry>(made.get());
    return stored;
  }

 private:
  struct Entry : LocalCounted, LocallyPooled {
    Entry(const std::type_info& of, LocalRef<const Entry> next) : type(of), before(std::move(next)) {}
    virtual ~Entry() = default;

    const std::type_info& type;
    const LocalRef<const Entry> before;
  };
  template <typename T>
  struct Value final : Entry {
    Value(T&& given, LocalRef<const Entry> next) : Entry(typeid(T), std::move(next)), value(std::move(given)) {}

    mutable T value;
  };

  LocalRef<const Entry> last_;
};

}  // namespace taut
