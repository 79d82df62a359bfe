#include "history.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "taut/dns/type.hpp"

namespace taut {

namespace {

constexpr std::array<Rcode, 4> shownRcodes{Rcode::NOERROR, Rcode::NXDOMAIN, Rcode::SERVFAIL, Rcode::REFUSED};

std::uint64_t sumOf(const ServerStatistics::Transports& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

std::uint64_t droppedBy(const ServerStatistics& statistics) {
  return std::accumulate(statistics.dropped.begin(), statistics.dropped.end(), std::uint64_t{0});
}

// Counters never go back; where a shard has ended they may seem to.
std::uint64_t difference(std::uint64_t now, std::uint64_t before) {
  return now > before ? now - before : 0;
}

std::array<std::uint64_t, 5> repliesOf(const ServerStatistics& statistics) {
  std::array<std::uint64_t, 5> replies{};
  for (std::size_t slot = 0; slot < statistics.responses.size(); ++slot) {
    const auto* const shown = std::ranges::find(shownRcodes, static_cast<Rcode>(slot));
    replies[static_cast<std::size_t>(shown - shownRcodes.begin())] += sumOf(statistics.responses[slot]);
  }
  return replies;
}

// The upper bound of the range in which the given share of the queries ends; of the last range its lower one.
std::uint64_t quantile(const DurationHistogram& histogram, double share) {
  const std::uint64_t total = histogram.total();
  if (total == 0) return 0;
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(total)));
  std::uint64_t seen = 0;
  std::size_t range = 0;
  while (range + 1 < durationBounds.size() && (seen += histogram.counts[range]) < wanted) ++range;
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(durationBounds[range]).count());
}

DurationHistogram difference(const DurationHistogram& now, const DurationHistogram& before) {
  DurationHistogram result;
  for (std::size_t i = 0; i < result.counts.size(); ++i) result.counts[i] = difference(now.counts[i], before.counts[i]);
  return result;
}

}  // namespace

namespace {

// A recursor is its own cache.
std::uint64_t hitsIn(const ResolverStatistics& resolvers) {
  return resolvers.caches.hits + resolvers.recursing.hits;
}
std::uint64_t missesIn(const ResolverStatistics& resolvers) {
  return resolvers.caches.misses + difference(resolvers.recursing.questions, resolvers.recursing.hits);
}

}  // namespace

void History::add(const ServerStatistics& now, Duration elapsed) {
  if (before_ && elapsed > Duration::zero()) {
    const double seconds = std::chrono::duration<double>(elapsed).count();
    const auto rate = [seconds](std::uint64_t after, std::uint64_t earlier) {
      return static_cast<std::uint64_t>(std::lround(static_cast<double>(difference(after, earlier)) / seconds));
    };
    HistorySample sample;
    sample.questions = rate(now.requestCount(), before_->requestCount());
    const auto replies = repliesOf(now);
    const auto earlier = repliesOf(*before_);
    for (std::size_t i = 0; i < replies.size(); ++i) sample.replies[i] = rate(replies[i], earlier[i]);
    sample.dropped = rate(droppedBy(now), droppedBy(*before_));
    sample.cacheHits = rate(hitsIn(now.resolvers), hitsIn(before_->resolvers));
    sample.cacheMisses = rate(missesIn(now.resolvers), missesIn(before_->resolvers));
    sample.limited =
        rate(now.rateLimitDropped + now.rateLimitTruncated, before_->rateLimitDropped + before_->rateLimitTruncated);
    const DurationHistogram durations = difference(now.durations, before_->durations);
    sample.median = quantile(durations, 0.5);
    sample.p99 = quantile(durations, 0.99);
    samples_.push_back(sample);
    if (samples_.size() > maxSamples) samples_.pop_front();
  }
  before_ = now;
  ++second_;
}

std::string HistorySample::toJson() const {
  return fmt::format("[{},{},{},{},{},{},{},{},{},{},{},{}]", questions, replies[0], replies[1], replies[2], replies[3],
                     replies[4], dropped, cacheHits, cacheMisses, limited, median, p99);
}

std::string History::toJson() const {
  std::string json = "[";
  for (const HistorySample& sample : samples_) json.append(json.size() > 1 ? "," : "").append(sample.toJson());
  return json + "]";
}

}  // namespace taut
