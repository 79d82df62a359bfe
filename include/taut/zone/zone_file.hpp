// Loads zones from master files (RFC 1035 section 5), one or a hundred thousand, on all cores.
//
// A file that cannot be read or parsed is a value here, not an exception. The result has no zone and says why, so that
// a server that reloads goes on with the zone that it has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "taut/base/input_file.hpp"
#include "taut/dns/access_list.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/serial_policy.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/diagnostic.hpp"
#include "taut/zone/difference_source.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_builder.hpp"

namespace taut {

// Identifies one version of a file, to tell later whether it changed.
struct FileStamp {
  std::string path;
  FileVersion version;  // all zero when there is no such file

  static FileStamp of(std::string path);
  bool isCurrent() const { return *this == of(path); }
  bool isMissing() const { return version == FileVersion(); }
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

struct ZoneSource {
  std::string path;
  std::optional<Name> origin;  // without it: the owner of the file's SOA
  Class rrClass = Class::IN;
  std::string view{};             // whose clients alone see it; empty: all see it
  bool keepsDifferences = false;  // between its versions, for incremental transfers
  // Its versions come from elsewhere, and the file, where there is one, has what was kept of them: a file that is not
  // there, or does not load, leaves a zone that is not loaded (Zone::notLoaded), with warnings. The path may be empty
  // then, and the origin is known.
  bool isSecondary = false;
  // Versions of it are made by updates. Where one was kept, it goes before the file, unless that has a newer serial.
  bool takesUpdates = false;
  // What becomes of its serial where the file changes and its serial does not go forward.
  SerialPolicy serialPolicy = SerialPolicy::keep;
  // Its versions are kept, so the last one may be there from an earlier run: `ZoneLoadOptions::restore`.
  bool isKept = false;

  // False: clients are not answered from it, see ZoneSet::addUnserved. Of a zone without a view.
  bool isServed = true;
  // Who may ask about it; nothing: all that may ask at all. See ZoneSet::restrict.
  std::optional<AccessList> clients{};

  // Its versions come by `ZoneStore::install`, beside the first one, which may be that of a file.
  bool isInstalled() const { return isSecondary || takesUpdates; }
  friend bool operator==(const ZoneSource&, const ZoneSource&) = default;
};

// What was kept of a zone by an earlier run of the program.
struct KeptZone {
  std::shared_ptr<const Zone> zone{};           // null: nothing
  DifferenceSource::Differences differences{};  // the last ones that lead to it, in order
  std::int64_t changed = 0;                     // when it was kept, as FileVersion has it
  std::string error{};                          // why what there is could not be read, with the file; empty: it could
};

struct ZoneLoad {
  std::shared_ptr<const Zone> zone;     // null when there was an error
  std::vector<Diagnostic> diagnostics;  // warnings too
  std::vector<FileStamp> files;         // all that were read, included files too, as they were when opened

  // Of a zone that was kept: what leads to it; and where updates are taken, the version of the file that has a newer
  // serial.
  DifferenceSource::Differences differences;
  std::shared_ptr<const Zone> newer;

  bool stopped = false;  // by `progress`, before it was known whether there is an error

  bool ok() const { return zone != nullptr; }
  bool filesChanged() const;       // whether any file differs now
  std::string firstError() const;  // one line; empty when ok()
};

// Called now and then by each thread that loads, with the number of records that were read since the last call. Calls
// may come at the same time. False stops the load.
using LoadProgress = std::function<bool(std::size_t records)>;

// Called for sources that are kept, on each thread that loads.
using RestoreZone = std::function<KeptZone(const ZoneSource& source)>;

struct ZoneLoadOptions {
  ZoneChecks checks;
  unsigned threads = 0;                      // at most; 0: all cores
  std::uint64_t maxGenerated = 100'000'000;  // records that the $GENERATE directives of a zone may make
  LoadProgress progress;                     // may be empty
  RestoreZone restore;                       // likewise: nothing was kept
};

ZoneLoad loadZone(const ZoneSource& source, const ZoneLoadOptions& options = {});

// Loads from text in memory. `name` stands for the file in messages, and $INCLUDE is refused.
ZoneLoad parseZone(std::string_view text, std::optional<Name> origin = std::nullopt,
                   const ZoneLoadOptions& options = {}, std::string name = "text");

// Loads many zones, several at a time. `loaded` is called once for each, with the index of its source, in no order but
// never at the same time: to publish zones as they come, or to show progress. It is not called for zones whose load
// `progress` stopped.
void loadZones(std::span<const ZoneSource> sources, const ZoneLoadOptions& options,
               const std::function<void(std::size_t index, ZoneLoad load)>& loaded);

}  // namespace taut
