// What is asked at the moment, and by whom: the names, clients and types that come most often among one in 64 queries,
// in memory of a fixed size, whatever is asked. What came a minute before counts half as much as what comes now.
//
// A client is an IPv4 address or an IPv6 /56, which is what one customer usually has.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "taut/base/clock.hpp"
#include "taut/base/random.hpp"
#include "taut/base/space_saving.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/type.hpp"
#include "taut/resolver/name_hash.hpp"

namespace taut {

// The first octets of a client's address, as `networkNumber` gives them.
struct TopClient {
  std::uint64_t number = 0;

  std::string toString() const;  // `192.0.2.1`, `2001:db8::/56`
  friend bool operator==(const TopClient&, const TopClient&) = default;
  friend auto operator<=>(const TopClient&, const TopClient&) = default;
};

// Those that come most often first. Counts are of queries, those that were not looked at included.
struct TopLists {
  static constexpr std::size_t maxShown = 20;  // of each list, over all shards

  std::uint64_t queries = 0;  // all of them
  std::vector<Counted<Name>> names;
  std::vector<Counted<TopClient>> clients;
  std::vector<Counted<Type>> types;

  // Of several shards. Throws std::bad_alloc.
  static TopLists merged(std::vector<TopLists> lists);
};

// Of one shard, used on its thread.
class TopQueries {
 public:
  static constexpr std::uint32_t oneIn = 64;
  static constexpr Duration halfLife = std::chrono::minutes(1);

  // Counts a query, where it has a question, as the 64 that it stands for. Returns how many queries further the one is
  // that is to be counted next. That number is random, so that clients which ask in a fixed order do not escape.
  std::uint32_t add(const Query& query) noexcept;

  // Each list has more than are shown, so that what several shards are asked for is in those of all. Throws
  // std::bad_alloc.
  TopLists top(TimePoint now);

 private:
  static constexpr std::size_t nameCount = 512;
  static constexpr std::size_t clientCount = 512;
  static constexpr std::size_t typeCount = 64;
  static constexpr std::size_t collected = 64;  // of each list

  void decay(TimePoint now) noexcept;
  std::uint64_t nextRandom() noexcept;

  SpaceSaving<Name, nameCount> names_;
  SpaceSaving<TopClient, clientCount> clients_;
  SpaceSaving<Type, typeCount> types_;
  detail::HashSecret secret_;
  TimePoint halved_{};  // when what had come was halved last
  std::uint64_t random_ = randomU64() | 1;
};

}  // namespace taut
