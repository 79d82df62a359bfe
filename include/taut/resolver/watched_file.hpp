// A small text file that other programs may change at any time, such as /etc/hosts: read whole, and again when it has
// changed. A call of takeChange() looks for changes, by one stat() a second at most, so that nothing runs in between
// and nothing needs to be stopped.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "taut/base/clock.hpp"

namespace taut {

class WatchedFile {
 public:
  static constexpr std::chrono::seconds checkInterval{1};

  // A file larger than `maxSize` octets is not read: reading blocks the thread. The clock outlives the object.
  WatchedFile(std::string path, std::size_t maxSize, const Clock& clock);

  const std::string& path() const { return path_; }

  // The text, where it is not the one that was given last; nothing where it is the same, or was looked at less than a
  // second ago (`force` looks all the same). A file that cannot be read, or is no regular file, counts as empty; the
  // reason is logged once.
  std::optional<std::string> takeChange(bool force = false);

 private:
  // Identifies one version of the file.
  struct Version {
    int error = 0;  // errno of the look, 0 where it was there
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t changed = 0;  // nanoseconds

    friend bool operator==(const Version&, const Version&) = default;
  };

  Version look() const;
  std::string read() const;

  std::string path_;
  std::size_t maxSize_;
  const Clock& clock_;
  std::optional<TimePoint> looked_;
  std::optional<Version> version_;
};

}  // namespace taut
