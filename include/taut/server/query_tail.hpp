// One reader who watches the queries of a running server, as lines of the log of queries: which of them it is shown,
// and the lines on their way to it, in a ring for each shard. A reader that is slow or stands still costs a shard
// nothing but the look at its filter: what finds no room is dropped and counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "taut/base/address_policy.hpp"
#include "taut/base/line_ring.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/server/query_log.hpp"

namespace taut {

// A query is shown where all that is given fits it. One without a question has no name and no type, one without a reply
// no RCODE.
struct QueryFilter {
  std::optional<Name> name;  // of it, and of names below it
  std::optional<Type> type;
  std::optional<AddressPolicy> clients;
  std::optional<Rcode> rcode;
};

class QueryTail {
 public:
  static constexpr std::size_t maxLines = 4096;  // of each shard that wait for the reader

  QueryTail(std::size_t shards, QueryFilter filter, QueryLogSettings::Format format)
      : filter_(std::move(filter)), format_(format) {
    for (std::size_t i = 0; i < shards; ++i) rings_.emplace_back(maxLines);
  }

  const QueryFilter& filter() const { return filter_; }
  QueryLogSettings::Format format() const { return format_; }
  std::size_t shards() const { return rings_.size(); }
  // Its thread writes, and one reads.
  LineRing& ring(std::size_t shard) { return rings_[shard]; }

  // How many lines of all shards were dropped.
  std::uint64_t dropped() const {
    std::uint64_t count = 0;
    for (const LineRing& ring : rings_) count += ring.dropped();
    return count;
  }

 private:
  const QueryFilter filter_;
  const QueryLogSettings::Format format_;
  std::deque<LineRing> rings_;
};

}  // namespace taut
