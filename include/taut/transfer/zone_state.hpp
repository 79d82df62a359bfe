// What is known of secondary zones, in a file, so that a restart goes on with their timers where they were.
//
// All times are those of the calendar: however long the program did not run, a zone expires when it would have. Each
// line has a checksum. Changes are appended; when more than half of the file is out of date it is written anew, beside
// the old one, and put in its place. What a crash has left of a line at the end is cut off when the file is opened, and
// a line that is damaged is left out.
//
// One object for each file, on one thread; a `Write` may be done on any other.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "taut/base/address.hpp"
#include "taut/base/clock.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/serial.hpp"
#include "taut/dns/type.hpp"

namespace taut {

class ZoneState {
 public:
  using Seconds = std::chrono::sys_seconds;

  struct Entry {
    Serial serial{0};      // of the version that was confirmed
    Seconds checked{};     // when a primary last was asked and answered
    Seconds expires{};     // when the version is given up, unless one answers before
    Address primary{};     // that has answered; empty: none
    Seconds wholeUntil{};  // it is asked for the whole zone, and not for differences, until then

    friend bool operator==(const Entry&, const Entry&) = default;
  };

  // Reads the file, and makes it where there is none. Throws std::runtime_error, which names the file and says why.
  explicit ZoneState(std::string path);
  ZoneState(const ZoneState&) = delete;
  ZoneState& operator=(const ZoneState&) = delete;
  ~ZoneState();

  // What the file had of a zone when it was opened. Once for each zone: it is not kept.
  std::optional<Entry> take(NameView zone, Class rrClass = Class::IN);

  // To be appended by the next `pending`.
  void note(NameView zone, Class rrClass, const Entry& entry);
  // Whether so much of the file is out of date that all zones should be noted for `replacement` now.
  bool isOverdue() const { return writtenLines_ > leastLines + 2 * liveLines_; }

  // What is to be written, to be done on any thread; those of one file wait for each other. It gives why it could not
  // be done, or an empty text. Nothing where there is nothing to write.
  class Write;
  std::optional<Write> pending();
  // The same for what is noted, as the whole file: every zone has been noted.
  Write replacement();

  // Lines at the start that were damaged.
  std::size_t damaged() const { return damaged_; }

 private:
  static constexpr std::size_t leastLines = 1000;  // a small file is not worth the work
  class File;

  void read(std::string_view line);

  std::shared_ptr<File> file_;
  std::unordered_map<std::string, Entry> found_;
  std::string noted_;
  std::size_t notedLines_ = 0;
  std::size_t writtenLines_ = 0;
  std::size_t liveLines_ = 0;  // zones, when the file was last read or written as a whole
  std::size_t damaged_ = 0;
};

class ZoneState::Write {
 public:
  std::string operator()() const;

 private:
  friend ZoneState;
  Write(std::shared_ptr<File> file, std::string text, bool whole)
      : file_(std::move(file)), text_(std::move(text)), whole_(whole) {}

  std::shared_ptr<File> file_;
  std::string text_;
  bool whole_;
};

}  // namespace taut
