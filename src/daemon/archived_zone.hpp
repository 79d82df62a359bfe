// What is kept of one zone in a folder: the snapshot of a version, and a journal of the differences that lead from
// there to the last one. The journal has those before it too, as far as there is room, for incremental transfers (RFC
// 1995).
//
// A version is kept by its differences where the files lead to the one before, and else by a snapshot. There is a new
// snapshot, too, before the journal drops differences that lead from the old one. So whatever ends the program, the
// files lead to the last version that was kept.
//
// One thread at a time, but `restore` and `differencesTo`, which read the files whoever writes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "taut/base/result.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/serial.hpp"
#include "taut/transfer/zone_keeper.hpp"
#include "taut/zone/difference_source.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_journal.hpp"

namespace taut {

class ArchivedZone {
 public:
  using Done = Result<void, std::string>;  // the failure names the file

  // Of the journal, unless it is told otherwise.
  static constexpr std::uint64_t defaultOctets = std::uint64_t{64} << 20;

  // What the files lead to.
  struct Reach {
    std::optional<Serial> serial{};  // nothing: to no version
    std::uint64_t octets = 0;        // of the differences behind the snapshot
    std::size_t differences = 0;
  };
  struct Restored {
    std::shared_ptr<const Zone> zone{};           // null: none was kept
    DifferenceSource::Differences differences{};  // the last ones that lead to it, as many as RecentDifferences keeps
    Reach reach{};
    std::int64_t changed = 0;  // when the last version was kept, before the files were read
  };

  static Result<Restored, std::string> restore(const std::string& folder, NameView origin);
  // The last differences that lead to this very version, of a zone whose journal alone is kept.
  static Result<DifferenceSource::Differences, std::string> differencesTo(const std::string& folder, const Zone& zone);
  // When a version was last kept, as FileVersion has it; 0: none was.
  static std::int64_t changed(const std::string& folder, NameView origin);
  // All that is kept of the zone goes.
  static Done remove(const std::string& folder, NameView origin);

  ArchivedZone(const std::string& folder, const Name& origin, Reach reach, std::uint64_t journalOctets);

  const std::string& imagePath() const { return imagePath_; }

  // Whether the version has to have a snapshot; else its differences are appended.
  bool needsImage(const ZoneVersion& version);
  // The version is to have a snapshot that the differences which are there do not lead to: they go.
  Done prepareImage(const ZoneVersion& version);
  // The snapshot of a version is in its place, which needed one.
  Done imaged(const ZoneVersion& version);

  // Appends the differences of a version that needs no snapshot. Where it fails, nothing was appended.
  Done append(const ZoneVersion& version);
  // What was appended is on the disk. Where it fails, all that has been appended since the last time is taken back.
  Done sync();

  // Whether there should be a new snapshot, for which the differences behind the one that there is are many.
  bool wantsImage(const Zone& version) const;
  // The same at the end of the program, when the next start should be short.
  bool wantsImageAtEnd() const { return reach_.octets > atEnd_; }
  // The snapshot of a version that the files led to when they had this reach is in its place.
  void imagedAt(const Reach& reach);
  const Reach& reach() const { return reach_; }

  // Appends differences between versions of a file, which is what the zone is read from: there is no snapshot of it.
  // None: the journal begins anew.
  Done appendOnly(const DifferenceSource::Differences& differences);

  void setJournalOctets(std::uint64_t octets) { octets_ = octets; }
  bool isOpen() const { return journal_ != nullptr; }
  void close() { journal_.reset(); }

 private:
  static constexpr std::size_t maxDifferences = 65'536;
  static constexpr std::uint64_t atEnd_ = std::uint64_t{64} << 10;

  Done open();
  Done appendAll(const DifferenceSource::Differences& differences);

  const std::string imagePath_;
  const std::string journalPath_;
  const Name origin_;
  std::uint64_t octets_;
  std::unique_ptr<ZoneJournal> journal_;  // null: it is not open
  Reach reach_;
  Reach synced_;
  std::size_t appended_ = 0;  // differences since the last sync
};

}  // namespace taut
