// Decides what is to be said of one shard that is looked at from time to time: that it has been busy for a second, the
// same again each time that this has doubled, and, where that was said, that it goes on.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "taut/base/clock.hpp"

namespace taut {

class BusyWatch {
 public:
  static constexpr std::chrono::seconds firstAfter{1};

  enum class Remark : std::uint8_t { nothing, busy, goesOn };

  // `busySince` is the shard's.
  Remark look(std::optional<TimePoint> busySince, TimePoint now);
  // The last remark was `busy`, and the log has it. Another turn may have begun before, so that it does not.
  void said() { said_ = true; }
  // How long the shard of the last remark has been busy, or had been at most where it goes on.
  Duration busyFor() const { return busyFor_; }

 private:
  std::optional<TimePoint> busySince_;
  Duration next_ = firstAfter;  // what is busy for so long is said
  Duration busyFor_{};
  bool said_ = false;
};

}  // namespace taut
