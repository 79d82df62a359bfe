// The lines that a server prints for each query at verbose levels 1 and 2.
#pragma once

#include "taut/base/clock.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/query.hpp"

namespace taut {

class VerboseLog {
 public:
  explicit VerboseLog(int level) : level_(level) {}

  void received(const Query& query) const;
  void found(const Answer& answer) const;
  void replying(const Answer& answer) const;
  void processed(const Query& query, TimePoint now) const;
  void unsupported(const Query& query, std::string_view what) const;

 private:
  int level_;
};

}  // namespace taut
