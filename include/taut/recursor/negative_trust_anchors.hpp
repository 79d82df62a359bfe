// Names below which nothing is validated for a while, because the operator knows that the zone's signing is broken and
// not attacked (RFC 7646). What is had from there is insecure: it is answered, and never with AD.
//
// A trust anchor below such a name counts (RFC 7646 section 2), and the name itself may have one above it: the one of
// them whose name is longer says what is done, and at one name the negative one does. DS records at the name are its
// parent's, and are validated as such.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <unordered_map>
#include <vector>

#include "taut/base/clock.hpp"
#include "taut/dns/name.hpp"

namespace taut {

class NegativeTrustAnchors {
 public:
  static constexpr std::size_t maxCount = 1024;
  // Of one that an operator sets by hand and says no time for, and the longest (RFC 7646 section 2 and appendix A).
  static constexpr std::chrono::hours defaultLifetime{1};
  static constexpr std::chrono::hours maxLifetime{7 * 24};

  struct Entry {
    Name name;
    std::optional<TimePoint> end;  // nothing: for ever, as the configuration says

    bool isOver(TimePoint now) const { return end && now >= *end; }
  };

  // Takes the place of one that the name has, but for one that holds for ever. False where there are `maxCount` others
  // already.
  bool add(NameView name, std::optional<TimePoint> end, TimePoint now);
  bool remove(NameView name);  // false where there was none

  // The one whose name is the closest at or above `name`, or null. The pointer is good until the next change.
  const Entry* covers(NameView name, TimePoint now) const;

  // In canonical order of the names, without those that are over.
  std::vector<Entry> list(TimePoint now) const;

 private:
  std::unordered_map<Name, Entry, NameHash, NameEqual> entries_;
};

}  // namespace taut
