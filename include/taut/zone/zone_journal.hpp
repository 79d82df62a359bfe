// The file of the differences between the last versions of a zone: what an incremental transfer (RFC 1995) is answered
// from after a restart, and what leads from an older image of the zone to its last version.
//
// The file has a header, which names the zone, and one frame for each difference: its size, a CRC-32C, both serials,
// the time, and the records as a RecordList has them. Frames are only ever appended, and only to the end of a file
// whose frames are whole; what a crash has left of a frame is cut off when the file is opened. A difference that does
// not begin where the one before ended begins a new chain: what comes before it leads nowhere. When there is no room
// for a further difference, the newest are written to another file, which takes the place of this one. So whatever ends
// the program, at whatever octet, what is lost is what was appended after the last `sync`, and no more.
//
// `append` gives what it has written to the system and does not wait for the disk: who appends to several journals
// syncs them together. One thread at a time opens, appends, syncs and clears, all of which may wait for a disk; `find`
// may be called on any thread meanwhile. A program that has the file open keeps others from it.
//
// Failures are texts that name the file and say why. The file and the journal are then as they were.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/base/result.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/serial.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/difference_source.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_difference.hpp"

namespace taut {

class ZoneJournal {
 public:
  using Seconds = std::chrono::sys_seconds;
  using Differences = DifferenceSource::Differences;
  using Done = Result<void, std::string>;

  struct Limits {
    std::uint64_t octets = std::uint64_t{1} << 20;  // of all frames
    std::size_t differences = 512;
  };

  // A difference of the chain that leads to the last version.
  struct Entry {
    Serial from;
    Serial to;
    Seconds time;          // when it was appended, by the calendar
    std::uint32_t octets;  // of its frame
  };

  // Makes the file where there is none. A file that is something else, the journal of another zone, or open in another
  // program is refused. All of the file is read.
  static Result<std::unique_ptr<ZoneJournal>, std::string> open(std::string path, NameView origin, Class rrClass,
                                                                const Limits& limits);
  // To find differences in, whoever has the file open: it is not made, cut or kept from others. Null where there is no
  // file.
  static Result<std::unique_ptr<const ZoneJournal>, std::string> openToRead(std::string path, NameView origin,
                                                                            Class rrClass);
  ZoneJournal(const ZoneJournal&) = delete;
  ZoneJournal& operator=(const ZoneJournal&) = delete;
  ~ZoneJournal() = default;

  // That a difference takes in the file.
  static std::uint64_t octetsOf(const ZoneDifference& difference);

  // A difference that alone is larger than the journal may be is not kept, nor are those before it, which lead nowhere
  // without it: `last` is nothing then.
  Done append(const ZoneDifference& difference, Seconds time);
  // Afterwards all that was appended is on the disk. When it fails the next call writes the whole file anew: a system
  // reports a failure of a disk once, and forgets it.
  Done sync();
  // Takes back so many of those that were appended last, where `sync` has failed or another one could not be appended.
  Done takeBack(std::size_t differences);
  // Forgets all differences, where they are not those of the zone: its version came from elsewhere.
  Done clear();

  // Those that lead from the version of this serial to the last one, in order; else as DifferenceSource::find. They
  // are read from the file.
  Differences find(Serial from, std::size_t maxOctets = std::numeric_limits<std::size_t>::max()) const;
  // The same to this version of the zone, where one of the differences ends with its very SOA record.
  Differences find(const Zone& to, Serial from, std::size_t maxOctets) const;

  // The oldest version that differences lead from, and the newest one that they lead to.
  std::optional<Serial> first() const;
  std::optional<Serial> last() const;
  std::vector<Entry> entries() const;
  std::uint64_t octets() const;  // of the file

  // Octets at the end of the file that were no whole frame, when it was opened.
  std::uint64_t lostOctets() const { return lostOctets_; }

 private:
  struct Place : Entry {
    std::uint64_t at = 0;  // octets from the begin of the file
  };
  using Places = std::deque<Place>;
  using File = std::shared_ptr<const UniqueFd>;

  ZoneJournal(std::string path, NameView origin, Class rrClass, const Limits& limits);

  Done create();
  Done lock(const UniqueFd& file) const;
  Done readFile(UniqueFd file, std::uint64_t size);
  Done cutLost();
  Done rewrite(std::size_t firstKept, ByteSpan frame, const Entry* entry);
  Done appendFrame(ByteSpan frame, const Entry& entry, bool follows);
  std::size_t firstWithRoomFor(std::uint64_t octets) const;
  std::shared_ptr<const ZoneDifference> read(int fd, const Place& place) const;
  Differences readChain(std::size_t end, Serial from, std::size_t maxOctets, std::unique_lock<std::mutex> lock) const;

  const std::string path_;
  const Name origin_;
  const Class rrClass_;
  const Limits limits_;
  const std::vector<std::uint8_t> header_;
  std::uint64_t lostOctets_ = 0;
  bool mustRewrite_ = false;  // what is in the file is not known to be what was written

  mutable std::mutex mutex_;  // guards the rest
  File file_;
  Places places_;          // of the chain, the oldest first
  std::uint64_t end_ = 0;  // of the last frame
};

}  // namespace taut
