// What a DynamicZone is: its newest version, the threads that publish and settle it, and those who answer from it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "taut/base/result.hpp"
#include "taut/dns/serial.hpp"
#include "taut/resolver/dynamic_zone.hpp"
#include "taut/zone/zone_change.hpp"
#include "taut/zone/zone_difference.hpp"
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

  // Has a version with the change published at once.
  void hurry(std::uint64_t change);

  // Ends the threads and, unless it has been, every wait for a version.
  void end();

  const Name& origin() const { return origin_; }
  const std::shared_ptr<detail::ZoneVersions>& versions() const { return versions_; }

 private:
  using Clock = std::chrono::steady_clock;

  void run(const std::stop_token& stop);
  bool isDue() const { return made_ < committed_ || isSettled_; }
  void publish();
  void reclaim();
  void settleWhereWorth();
  void settle(std::shared_ptr<const Zone> zone, const std::stop_token& stop);
  void takeOver(std::shared_ptr<const Zone> settled);
  void endSettling();

  const Name origin_;
  const Options options_;
  const std::shared_ptr<detail::ZoneVersions> versions_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::shared_ptr<const Zone> newest_;  // with all that was committed
  Serial publishedSerial_;              // of the version that was published last
  std::uint64_t committed_ = 0;         // changes so far
  std::uint64_t made_ = 0;              // of them the version that was published last has so many
  std::uint64_t hurried_ = 0;           // so many are to be in the next one
  Clock::time_point next_;              // when the next version may be published
  bool isSettling_ = false;
  bool isSettled_ = false;                            // and not published yet
  std::vector<ZoneDifference> since_;                 // while it settles: what has changed since it began
  std::shared_ptr<const void> memory_;                // of the version that was published last
  std::vector<std::shared_ptr<const void>> retired_;  // those before, from which some may still answer
  std::jthread settler_;
  std::jthread thread_;  // last: it uses what is above
};

}  // namespace taut
