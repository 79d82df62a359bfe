// What is known of one server from the attempts to ask it: how soon it answers, whether it keeps silent, and whether it
// fails where others can answer. Who asks several servers tries first the one that is expected to answer soonest.
//
//  - The round-trip time is smoothed, with its variance, as for the retransmission timer of TCP (RFC 6298 section 2).
//  - Each time-out in a row doubles the expected time (section 5.5), up to two minutes. A time-out says nothing where
//    the server was heard of meanwhile: then it is the question that takes long. Of attempts that wait at the same time
//    the first time-out counts for all.
//  - A server that failed three questions in a row, which others answered, is lame. A question that no server answers
//    tells nothing about any of them: what clients ask for does not make a server lame.
//  - A server that is silent, lame or slower than others is not asked first, but probed from time to time: silent and
//    lame ones after a pause that grows from a second to half a minute, others each minute. One answer makes it whole.
//
// A value; the times are the caller's.
#pragma once

#include <chrono>
#include <cstdint>

#include "taut/base/clock.hpp"

namespace taut {

class ServerHistory {
 public:
  // It answered what was sent at `sent`.
  void answered(TimePoint sent, TimePoint now);
  // It did something else that shows it alive: sent a reply that is an error.
  void heard(TimePoint now);
  // Nothing came in the time that it had since `sent`.
  void silent(TimePoint sent, TimePoint now);
  // It failed a question that another server answered.
  void failed(TimePoint now);

  // Whether it has ever answered, or kept silent: what is expected of it is not only assumed.
  bool known() const { return smoothed_ != Duration() || backedOff_ != Duration(); }
  bool lame() const { return failures_ >= failuresToBeLame; }
  // Whether it is silent or lame.
  bool impaired() const { return backedOff_ != Duration() || lame(); }
  // The time in which an answer is expected.
  Duration expected() const;

  // Whether it should be sent a question that another server is asked.
  bool probeDue(TimePoint now) const { return now >= probeAt_; }
  // It is sent one. The next probe is due after a pause, whatever comes of this one.
  void probed(TimePoint now) { probeAt_ = now + pause(); }

 private:
  static constexpr std::uint8_t failuresToBeLame = 3;

  Duration pause() const;

  Duration smoothed_{};
  Duration variance_{};
  Duration backedOff_{};  // expected after time-outs; 0 when it was heard since
  TimePoint heard_{};
  TimePoint silent_{};
  TimePoint probeAt_{};
  std::uint8_t failures_ = 0;  // in a row
};

}  // namespace taut
