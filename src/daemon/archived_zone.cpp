#include "archived_zone.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "archive_path.hpp"
#include "remove_file.hpp"
#include "taut/base/input_file.hpp"
#include "taut/zone/recent_differences.hpp"
#include "taut/zone/zone_snapshot.hpp"
#include "taut/zone/zone_update.hpp"

namespace taut {

namespace {

using Differences = DifferenceSource::Differences;

std::string imagePathOf(const std::string& folder, NameView origin) {
  return archivePath(folder, origin) + ".snapshot";
}

std::string journalPathOf(const std::string& folder, NameView origin) {
  return archivePath(folder, origin) + ".journal";
}

std::uint64_t octetsOf(const Differences& differences) {
  std::uint64_t octets = 0;
  for (const auto& difference : differences) octets += ZoneJournal::octetsOf(*difference);
  return octets;
}

// Those that lead to the last version, as many as fit.
Differences lastOf(const ZoneJournal& journal, const Zone& zone) {
  const std::vector<ZoneJournal::Entry> entries = journal.entries();
  std::size_t end = entries.size();
  while (end > 0 && entries[end - 1].to.value() != zone.serial()) --end;
  const std::size_t most = RecentDifferences::maxOctets(zone);
  std::size_t octets = 0;
  std::size_t first = end;
  while (first > 0 && end - first < RecentDifferences::maxVersions) {
    octets += entries[first - 1].octets;
    if (octets > most) break;
    --first;
  }
  return first == end ? Differences() : journal.find(zone, entries[first].from, most);
}

ArchivedZone::Done removed(const std::string& path) {
  const std::string error = removeFile(path);
  if (error.empty()) return {};
  return Failure(fmt::format("{}: {}", path, error));
}

ZoneJournal::Seconds now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

}  // namespace

// Where the journal does not lead on from the snapshot, the snapshot is the last version: it came by another way.
Result<ArchivedZone::Restored, std::string> ArchivedZone::restore(const std::string& folder, NameView origin) {
  const std::int64_t changed = ArchivedZone::changed(folder, origin);
  auto image = openSnapshot(imagePathOf(folder, origin), origin);
  if (!image.ok()) return Failure(image.error());
  Restored restored;
  restored.zone = *image;
  if (!restored.zone) return restored;
  const std::string path = journalPathOf(folder, origin);
  auto journal = ZoneJournal::openToRead(path, origin, Class::IN);
  if (!journal.ok()) return Failure(journal.error());
  restored.reach.serial = Serial(restored.zone->serial());
  restored.changed = changed;
  if (!*journal) return restored;
  if (const Differences behind = (*journal)->find(Serial(restored.zone->serial())); !behind.empty()) {
    auto last = replay(restored.zone, behind);
    if (!last.ok()) return Failure(fmt::format("{}: it does not lead on from the snapshot: {}", path, last.error()));
    restored.zone = std::move(*last);
    restored.reach = {Serial(restored.zone->serial()), octetsOf(behind), behind.size()};
  }
  restored.differences = lastOf(**journal, *restored.zone);
  return restored;
}

Result<Differences, std::string> ArchivedZone::differencesTo(const std::string& folder, const Zone& zone) {
  auto journal = ZoneJournal::openToRead(journalPathOf(folder, zone.origin()), zone.origin(), zone.rrClass());
  if (!journal.ok()) return Failure(journal.error());
  return *journal ? lastOf(**journal, zone) : Differences();
}

std::int64_t ArchivedZone::changed(const std::string& folder, NameView origin) {
  return std::max(fileVersion(imagePathOf(folder, origin)).changed, fileVersion(journalPathOf(folder, origin)).changed);
}

ArchivedZone::Done ArchivedZone::remove(const std::string& folder, NameView origin) {
  const Done image = removed(imagePathOf(folder, origin));
  const Done journal = removed(journalPathOf(folder, origin));
  return image.ok() ? journal : image;
}

ArchivedZone::ArchivedZone(const std::string& folder, const Name& origin, Reach reach, std::uint64_t journalOctets)
    : imagePath_(imagePathOf(folder, origin)),
      journalPath_(journalPathOf(folder, origin)),
      origin_(origin),
      octets_(journalOctets),
      reach_(reach),
      synced_(reach) {}

// Another program may have written to the files since they were read: what they lead to is not known then.
ArchivedZone::Done ArchivedZone::open() {
  if (journal_) return {};
  auto journal = ZoneJournal::open(journalPath_, origin_, Class::IN, {octets_, maxDifferences});
  if (!journal.ok()) return Failure(journal.error());
  journal_ = std::move(*journal);
  if (reach_.differences > 0 && journal_->last() != reach_.serial) reach_ = synced_ = {};
  return {};
}

// The journal drops a quarter of what it may hold when it is full.
bool ArchivedZone::needsImage(const ZoneVersion& version) {
  if (version.differences.empty() || !open().ok()) return version.differences.empty();
  if (reach_.serial != version.differences.front()->from()) return true;
  const std::uint64_t octets = reach_.octets + octetsOf(version.differences);
  const std::size_t differences = reach_.differences + version.differences.size();
  return octets > octets_ - octets_ / 4 || differences > maxDifferences - maxDifferences / 4;
}

ArchivedZone::Done ArchivedZone::prepareImage(const ZoneVersion& version) {
  if (!version.differences.empty() || (!journal_ && ::access(journalPath_.c_str(), F_OK) != 0)) return {};
  if (const Done opened = open(); !opened.ok()) return opened;
  if (!journal_->last()) return {};
  if (reach_.differences > 0) reach_ = synced_ = {};
  return journal_->clear();
}

ArchivedZone::Done ArchivedZone::imaged(const ZoneVersion& version) {
  reach_ = synced_ = {Serial(version.zone->serial())};
  if (version.differences.empty() || octetsOf(version.differences) > octets_) return {};
  if (const Done opened = open(); !opened.ok()) return opened;
  return appendAll(version.differences);
}

ArchivedZone::Done ArchivedZone::append(const ZoneVersion& version) {
  if (const Done opened = open(); !opened.ok()) return opened;
  if (const Done done = appendAll(version.differences); !done.ok()) return done;
  appended_ += version.differences.size();
  reach_.serial = version.differences.back()->to();
  reach_.octets += octetsOf(version.differences);
  reach_.differences += version.differences.size();
  return {};
}

ArchivedZone::Done ArchivedZone::appendAll(const Differences& differences) {
  const auto time = now();
  for (std::size_t i = 0; i < differences.size(); ++i) {
    const Done done = journal_->append(*differences[i], time);
    if (done.ok()) continue;
    (void)journal_->takeBack(i);
    return done;
  }
  return {};
}

ArchivedZone::Done ArchivedZone::sync() {
  const std::size_t appended = std::exchange(appended_, 0);
  const Done done = journal_->sync();
  if (done.ok()) {
    synced_ = reach_;
  } else {
    reach_ = synced_;
    (void)journal_->takeBack(appended);
  }
  return done;
}

// Often enough that the next start is short, and seldom enough that a large zone is not written for little.
bool ArchivedZone::wantsImage(const Zone& version) const {
  constexpr std::uint64_t least = std::uint64_t{1} << 20;
  const std::uint64_t most = std::max<std::uint64_t>(least, version.memoryUse() / 4);
  return reach_.octets > std::min(octets_ / 4, most) || reach_.differences > maxDifferences / 4;
}

void ArchivedZone::imagedAt(const Reach& reach) {
  for (Reach* const each : {&reach_, &synced_}) {
    each->octets -= std::min(each->octets, reach.octets);
    each->differences -= std::min(each->differences, reach.differences);
  }
}

ArchivedZone::Done ArchivedZone::appendOnly(const Differences& differences) {
  if (differences.empty() && !journal_ && ::access(journalPath_.c_str(), F_OK) != 0) return {};
  if (const Done opened = open(); !opened.ok()) return opened;
  reach_ = synced_ = {};
  if (differences.empty()) return journal_->clear();
  return appendAll(differences);
}

}  // namespace taut
