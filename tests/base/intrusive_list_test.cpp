#include "taut/base/intrusive_list.hpp"

#include <string>
#include <utility>

#include <doctest/doctest.h>

namespace intrusive_list_test {

using taut::IntrusiveList;
using taut::ListHook;

namespace {

struct OtherTag;

struct Item : ListHook<>, ListHook<OtherTag> {
  explicit Item(char letter) : name(letter) {}
  char name;
};

std::string namesOf(IntrusiveList<Item>& list) {
  std::string names;
  for (const Item& item : list) names += item.name;
  return names;
}

}  // namespace

TEST_CASE("elements come out in the order in which they went in") {
  IntrusiveList<Item> list;
  Item a('a');
  Item b('b');
  Item c('c');
  CHECK(list.empty());
  CHECK(list.popFront() == nullptr);
  list.pushBack(b);
  list.pushBack(c);
  list.pushFront(a);
  CHECK(namesOf(list) == "abc");
  CHECK(list.size() == 3);
  CHECK(list.front().name == 'a');
  CHECK(list.back().name == 'c');
  CHECK(list.popFront() == &a);
  CHECK(list.popFront() == &b);
  CHECK(list.popFront() == &c);
  CHECK(list.empty());
}

TEST_CASE("an element leaves its list without the list") {
  IntrusiveList<Item> list;
  Item a('a');
  Item b('b');
  Item c('c');
  for (Item* item : {&a, &b, &c}) list.pushBack(*item);
  static_cast<ListHook<>&>(b).unlink();
  CHECK(namesOf(list) == "ac");
  CHECK_FALSE(static_cast<ListHook<>&>(b).isLinked());
  static_cast<ListHook<>&>(b).unlink();
  list.insert(list.begin(), b);
  CHECK(namesOf(list) == "bac");
  list.erase(a);
  CHECK(namesOf(list) == "bc");
  list.clear();
  CHECK_FALSE(static_cast<ListHook<>&>(c).isLinked());
}

TEST_CASE("an element may be on one list for each of its hooks") {
  IntrusiveList<Item> first;
  IntrusiveList<Item, OtherTag> second;
  Item a('a');
  first.pushBack(a);
  second.pushBack(a);
  CHECK(first.popFront() == &a);
  CHECK_FALSE(second.empty());
  CHECK(second.popFront() == &a);
}

TEST_CASE("a list takes over all elements of another") {
  IntrusiveList<Item> first;
  IntrusiveList<Item> second;
  Item a('a');
  Item b('b');
  Item c('c');
  first.pushBack(a);
  second.pushBack(b);
  second.pushBack(c);
  first.append(second);
  CHECK(namesOf(first) == "abc");
  CHECK(second.empty());
  first.append(second);
  IntrusiveList<Item> third(std::move(first));
  CHECK(namesOf(third) == "abc");
  CHECK(first.empty());
  third.clear();
}

}  // namespace intrusive_list_test
