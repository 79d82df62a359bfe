// Writes zones to their files, in a thread of its own: beside the file, and then in its place, so that the
// file is always one whole version.
//
// Of versions of one zone that come while another is being written, the last one is written. What cannot be written is
// told of once, until it can be.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "taut/zone/zone.hpp"

namespace taut {

class ZoneFiles {
 public:
  // Called on the thread, with why the file could not be written, or an empty text.
  using Done = std::function<void(const std::string& error)>;

  ZoneFiles() = default;
  ZoneFiles(const ZoneFiles&) = delete;
  ZoneFiles& operator=(const ZoneFiles&) = delete;
  ~ZoneFiles() = default;  // stops

  // Has the version written, which is loaded. On any thread. `done` is not called where the end comes first.
  void write(const std::string& path, std::shared_ptr<const Zone> version, Done done = {});

  // Has the file removed; one that is not there is no error.
  void remove(const std::string& path, Done done = {}) { write(path, nullptr, std::move(done)); }

  // Waits for the thread, which ends soon: a file that is being written stays as it was before. What comes afterwards
  // is not written.
  void stop();

 private:
  struct Order {
    std::shared_ptr<const Zone> version;  // null: the file is to go
    std::vector<Done> waiting;
  };

  void run(const std::stop_token& stop);
  void tell(const std::string& path, const std::string& error);

  std::mutex mutex_;
  bool stopped_ = false;
  std::condition_variable_any wanted_;
  std::unordered_map<std::string, Order> orders_;  // by path
  std::deque<std::string> queue_;                  // their paths, in the order in which they came
  std::set<std::string> failing_;                  // of the thread: those that have been told of
  std::jthread thread_;                            // from the first order on; last: it uses what is above
};

}  // namespace taut
