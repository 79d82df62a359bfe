// A small text file that other programs may change at any time, such as /etc/resolv.conf: read whole, and again when it
// has changed. A call of takeChange() looks for changes, by one stat() a second at most, so that nothing runs in
// between and nothing needs to be stopped.
//
// A file that is gone, is no regular one or is empty changes nothing: many programs that write such files remove or
// truncate them first, and clients that are served meanwhile are not to notice. A file with a comment alone is not
// empty.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "taut/base/clock.hpp"
#include "taut/base/input_file.hpp"

namespace taut {

class WatchedFile {
 public:
  static constexpr std::chrono::seconds checkInterval{1};

  // A file larger than `maxSize` octets is not read: reading blocks the thread. The clock outlives the object.
  WatchedFile(std::string path, std::uint64_t maxSize, const Clock& clock);

  const std::string& path() const { return path_; }

  // The text, where the file is not the one that was read last; nothing where it is, or was looked at less than a
  // second ago. What keeps it from being read is logged, once until it can be read again.
  std::optional<std::string> takeChange();

  // The text, whether or not it seems to have changed; nothing where it cannot be read, which is logged.
  std::optional<std::string> take();

  // Of the file that was looked at last; nothing before that.
  const std::optional<FileVersion>& version() const { return version_; }

  // Whether what is wrong with that file is still to be told: where several shards follow one file, the first one of
  // them that reads a version tells it. Asked once for each version.
  bool isFirstToTell() const;

 private:
  std::optional<std::string> read();
  void complain(std::string_view reason);

  std::string path_;
  std::uint64_t maxSize_;
  const Clock& clock_;
  std::optional<TimePoint> looked_;
  std::optional<FileVersion> version_;  // of the file that was looked at last
  bool hasText_ = false;                // it could be read at some time
  bool complained_ = false;             // about the file as it is now
};

}  // namespace taut
