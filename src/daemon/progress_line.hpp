// The progress of loading zones: one line on a terminal, which is overwritten again and again. Where standard error is
// no terminal it shows nothing.
#pragma once

#include <chrono>
#include <cstddef>

#include "taut/zones/load_observer.hpp"

namespace taut {

class ProgressLine final : public LoadObserver {
 public:
  explicit ProgressLine(std::size_t zones);  // how many there are to load
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() override;

  void addRecords(std::size_t count) override;
  void addZone() override;

 private:
  void show();

  std::size_t zones_;
  std::size_t loaded_ = 0;
  std::size_t records_ = 0;
  bool terminal_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace taut
