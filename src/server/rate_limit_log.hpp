// Tells the operator which networks are being limited: a line when it begins, and another when it has been over for a
// minute. Whoever forges addresses must not fill the log with them, so a few networks are followed at a time, and of
// the others there is but a count.
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
  // A response that was not sent as it is, at the time when its query came in.
  void limited(const Query& query, bool truncated);

  // To be called now and then, at `due` or soon afterwards.
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
