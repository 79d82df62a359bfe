// What a DynamicZone is: its records, the thread that makes versions of them, and those who answer from these.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "taut/base/result.hpp"
#include "taut/resolver/dynamic_zone.hpp"
#include "taut/zone/zone_records.hpp"
#include "zone_versions.hpp"

namespace taut {

// All members may be called on any thread.
class DynamicZone::State {
 public:
  State(std::shared_ptr<const Zone> zone, Options options);

  // Gives the number of the change, or why it is refused.
  Result<std::uint64_t, std::string> commit(const ZoneChange& change);

  // The number of the last change that was committed.
  std::uint64_t lastChange() const;

  // Has a version with the change made at once.
  void hurry(std::uint64_t change);

  // Ends the thread and, unless it has been, every wait for a version.
  void end();

  const Name& origin() const { return origin_; }
  const std::shared_ptr<detail::ZoneVersions>& versions() const { return versions_; }

 private:
  using Clock = std::chrono::steady_clock;

  void run(const std::stop_token& stop);
  bool makeVersion(const std::stop_token& stop);

  const Name origin_;
  const Options options_;
  const std::shared_ptr<detail::ZoneVersions> versions_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  ZoneRecords records_;
  std::uint64_t committed_ = 0;  // changes so far
  std::uint64_t made_ = 0;       // of them the newest version has so many
  std::uint64_t hurried_ = 0;    // so many are to be in the next one
  Clock::time_point next_;       // when the next version may begin
  std::jthread thread_;          // last: it uses what is above
};

}  // namespace taut
