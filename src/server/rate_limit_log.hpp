// Tells the operator which networks are limited: a line when the limit begins, and another when it has been over for a
// minute. Forged addresses must not fill the log, so a few networks are followed at a time, and the others are only
// counted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "client_network.hpp"
#include "taut/base/clock.hpp"
#include "taut/dns/query.hpp"

namespace taut {

class RateLimitLog {
 public:
  // Counts a response that was not sent whole, at the time when its query came in.
  void limited(const Query& query, bool truncated);

  // Called now and then, at `due` or soon afterwards.
  void update(TimePoint now);
  TimePoint due() const { return due_; }

 private:
  struct Network {
    ClientNetwork network;
    TimePoint first;
    TimePoint last;
    std::uint64_t dropped = 0;
    std::uint64_t truncated = 0;
  };

  Network* follow(const Query& query);
  void end(const Network& network) const;

  std::array<Network, 16> networks_;
  std::size_t count_ = 0;
  std::uint64_t others_ = 0;  // responses to networks that are not followed
  TimePoint due_ = TimePoint::max();
};

}  // namespace taut
