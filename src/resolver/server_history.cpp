#include "taut/resolver/server_history.hpp"

#include <algorithm>

namespace taut {

namespace {

using namespace std::chrono_literals;

constexpr Duration assumed = 376ms;  // of a server that was never asked: Unbound's figure
constexpr Duration shortest = 1us;   // a round trip within one turn of the loop
constexpr Duration longest = 120s;
constexpr Duration firstPause = 1s;
constexpr Duration longestPause = 30s;
constexpr Duration pauseOfWhole = 60s;
constexpr std::uint8_t maxFailures = 16;

}  // namespace

void ServerHistory::answered(TimePoint sent, TimePoint now) {
  const Duration roundTrip = std::max<Duration>(now - sent, shortest);
  if (smoothed_ == Duration()) {
    smoothed_ = roundTrip;
    variance_ = roundTrip / 2;
  } else {
    const Duration difference = smoothed_ > roundTrip ? smoothed_ - roundTrip : roundTrip - smoothed_;
    variance_ = (3 * variance_ + difference) / 4;
    smoothed_ = (7 * smoothed_ + roundTrip) / 8;
  }
  failures_ = 0;
  heard(now);
}

void ServerHistory::heard(TimePoint now) {
  backedOff_ = Duration();
  heard_ = now;
  probeAt_ = now + pause();
}

void ServerHistory::silent(TimePoint sent, TimePoint now) {
  if (heard_ > sent || silent_ > sent) return;
  backedOff_ = std::min(2 * std::max<Duration>(expected(), now - sent), longest);
  silent_ = now;
  probeAt_ = now + pause();
}

void ServerHistory::failed(TimePoint now) {
  failures_ = std::min<std::uint8_t>(failures_ + 1, maxFailures);
  probeAt_ = now + pause();
}

Duration ServerHistory::expected() const {
  const Duration measured = smoothed_ == Duration() ? assumed : smoothed_ + 4 * variance_;
  return std::max(measured, backedOff_);
}

Duration ServerHistory::pause() const {
  Duration pause = pauseOfWhole;
  if (lame()) pause = std::min(firstPause * (1 << (failures_ - failuresToBeLame)), longestPause);
  if (backedOff_ != Duration()) pause = std::clamp(backedOff_, firstPause, longestPause);
  return pause;
}

}  // namespace taut
