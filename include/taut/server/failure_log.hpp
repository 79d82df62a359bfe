// The lines of the log about queries and sessions that failed, whose number a client decides: ten a second at most. The
// first line after a pause tells how many were left out.
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

#include "taut/base/address.hpp"
#include "taut/base/clock.hpp"
#include "taut/dns/query.hpp"

namespace taut {

class FailureLog {
 public:
  static constexpr std::size_t linesPerSecond = 10;

  // One line: the question, who asked it, and what happened.
  void add(const Query& query, std::string_view what, TimePoint now);
  // The same for a session: whose it was, and what happened.
  void add(const Address& peer, std::string_view what, TimePoint now);

 private:
  bool begin(TimePoint now);
  bool mayLog(TimePoint now);

  TimePoint second_{};  // when the lines began to be counted
  std::size_t lines_ = 0;
  std::size_t leftOut_ = 0;
};

}  // namespace taut
