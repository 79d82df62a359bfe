// Observes how far the loading of zones is: for a line on a terminal, a counter, or a status for the service manager.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace taut {

class LoadObserver {
 public:
  virtual ~LoadObserver() = default;

  // Called by the threads that load, never by two at a time.
  virtual void addRecords(std::size_t count) = 0;
  virtual void addZone() = 0;  // one more is loaded, or refused
};

// Makes the observer of one load of `zones` zones. The observer lives until the load has ended.
using MakeLoadObserver = std::function<std::unique_ptr<LoadObserver>(std::size_t zones)>;

}  // namespace taut
