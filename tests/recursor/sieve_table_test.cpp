#include "taut/recursor/sieve_table.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

#include <doctest/doctest.h>

#include "taut/base/local_ref.hpp"

namespace sieve_table_test {

namespace {

using taut::LocalRef;
using taut::makeLocalRef;

struct Entry : taut::LocalCounted, taut::detail::SieveEntry<Entry> {
  Entry(std::uint64_t number, std::size_t octets) : key(number), size(octets) {}
  std::size_t bytes() const { return size; }

  std::uint64_t key;
  std::size_t size;
};

struct Fixture {
  Entry* find(std::uint64_t key) {
    return table.find(key, [&](const Entry& entry) { return entry.key == key; });
  }
  bool insert(std::uint64_t key, std::size_t size = 100) { return table.insert(key, makeLocalRef<Entry>(key, size)); }
  std::size_t room() const { return (table.capacity() - empty) / 100; }

  taut::detail::SieveTable<Entry> table{4096, 256};
  std::size_t empty = table.bytes();
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "an entry is found until it is removed") {
  CHECK(insert(1));
  CHECK(insert(2));
  CHECK(insert(17));  // in the bucket of 1
  REQUIRE(find(1));
  CHECK(find(17)->key == 17);
  CHECK_FALSE(find(33));
  table.remove(*find(1));
  CHECK_FALSE(find(1));
  CHECK(find(17));
  CHECK(table.count() == 2);
  CHECK(table.bytes() == empty + 200);
}

TEST_CASE_FIXTURE(Fixture, "what was not asked for is evicted first, the oldest of it first") {
  for (std::uint64_t key = 0; key < room(); ++key) insert(key);
  CHECK(table.evictions() == 0);
  table.noteHit(*find(0));
  table.noteHit(*find(2));
  insert(1000);
  insert(1001);
  CHECK(find(0));
  CHECK_FALSE(find(1));
  CHECK(find(2));
  CHECK_FALSE(find(3));
  CHECK(table.evictions() == 2);
}

TEST_CASE_FIXTURE(Fixture, "a hit keeps an entry for one round of the hand") {
  for (std::uint64_t key = 0; key < room(); ++key) {
    insert(key);
    table.noteHit(*find(key));
  }
  insert(1000);
  CHECK_FALSE(find(0));  // all had been asked for, so the hand came round to it
  CHECK(find(1000));
}

TEST_CASE_FIXTURE(Fixture, "the table holds no more than its octets, and nothing that is larger than it") {
  for (std::uint64_t key = 0; key < 10000; ++key) {
    insert(key, key % 500);
    REQUIRE(table.bytes() <= table.capacity());
  }
  const std::size_t before = table.count();
  CHECK_FALSE(insert(20000, table.capacity()));
  CHECK(table.count() == before);
  CHECK(insert(20001, table.capacity() - empty));
  CHECK(table.count() == 1);
}

TEST_CASE_FIXTURE(Fixture, "an entry that was removed lives for those who hold it") {
  insert(1);
  insert(17);
  const LocalRef<Entry> held(find(17));
  table.clear();
  CHECK(table.count() == 0);
  CHECK(table.bytes() == empty);
  CHECK(held->key == 17);
  CHECK(held->useCount() == 1);
}

TEST_CASE("one eviction looks at a bounded number of entries") {
  taut::detail::SieveTable<Entry> table(1 << 20, 256);
  std::uint64_t key = 0;
  for (; table.evictions() == 0; ++key) {
    table.insert(key, makeLocalRef<Entry>(key, 100));
    const auto isMeant = [&](const Entry& entry) { return entry.key == key; };
    table.noteHit(*table.find(key, isMeant));
  }
  // The hand took the flags of the first 64, and evicted the next one, though that had been asked for.
  CHECK_FALSE(table.find(64, [](const Entry& entry) { return entry.key == 64; }));
  CHECK(table.find(0, [](const Entry& entry) { return entry.key == 0; }));
}

}  // namespace sieve_table_test
