#include "taut/zone/zone_journal.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal_format.hpp"
#include "stored_file.hpp"
#include "taut/base/replacement_file.hpp"

namespace taut {

namespace {

using detail::fileFailure;
using detail::FrameHead;

// Others that have it open find out before it takes the place of the file. The lock goes with the descriptor.
bool lockFile(int fd) {
  return ::flock(fd, LOCK_EX | LOCK_NB) == 0;
}

// Who had the lock before may have put another file in the place of this one.
bool isInPlace(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && status.st_nlink != 0;
}

}  // namespace

Result<std::unique_ptr<ZoneJournal>, std::string> ZoneJournal::open(std::string path, NameView origin, Class rrClass,
                                                                    const Limits& limits) {
  std::unique_ptr<ZoneJournal> journal(new ZoneJournal(std::move(path), origin, rrClass, limits));
  auto file = detail::openStored(journal->path_, O_RDWR);
  if (!file.ok()) return Failure(file.error());
  if (!file->fd) {
    if (const Done made = journal->create(); !made.ok()) return Failure(made.error());
    return journal;
  }
  if (const Done locked = journal->lock(file->fd); !locked.ok()) return Failure(locked.error());
  if (const Done read = journal->readFile(std::move(file->fd), file->size); !read.ok()) return Failure(read.error());
  if (const Done cut = journal->cutLost(); !cut.ok()) return Failure(cut.error());
  return journal;
}

Result<std::unique_ptr<const ZoneJournal>, std::string> ZoneJournal::openToRead(std::string path, NameView origin,
                                                                                Class rrClass) {
  std::unique_ptr<ZoneJournal> journal(new ZoneJournal(std::move(path), origin, rrClass, Limits()));
  auto file = detail::openStored(journal->path_, O_RDONLY);
  if (!file.ok()) return Failure(file.error());
  if (!file->fd) return std::unique_ptr<const ZoneJournal>();
  if (const Done read = journal->readFile(std::move(file->fd), file->size); !read.ok()) return Failure(read.error());
  return std::unique_ptr<const ZoneJournal>(std::move(journal));
}

ZoneJournal::ZoneJournal(std::string path, NameView origin, Class rrClass, const Limits& limits)
    : path_(std::move(path)),
      origin_(origin),
      rrClass_(rrClass),
      limits_(limits),
      header_(detail::journalHeader(origin, rrClass)) {}

ZoneJournal::Done ZoneJournal::create() {
  return rewrite(0, {}, nullptr);
}

ZoneJournal::Done ZoneJournal::lock(const UniqueFd& file) const {
  if (lockFile(file.get()) && isInPlace(file.get())) return {};
  return Failure(fileFailure(path_, "another program has the journal open"));
}

ZoneJournal::Done ZoneJournal::readFile(UniqueFd file, std::uint64_t size) {
  std::vector<std::uint8_t> octets(std::min<std::uint64_t>(size, detail::maxJournalHeaderSize));
  if (!detail::readAt(file.get(), octets, 0)) return Failure(fileFailure(path_, "it cannot be read"));
  if (const auto reason = detail::reasonAgainstHeader(octets, origin_, rrClass_))
    return Failure(fileFailure(path_, *reason));

  end_ = header_.size();
  while (size - end_ >= FrameHead::size) {
    octets.resize(FrameHead::size);
    if (!detail::readAt(file.get(), octets, end_)) return Failure(fileFailure(path_, "it cannot be read"));
    const FrameHead head = FrameHead::read(octets.data());
    if (head.frameSize < FrameHead::size || head.frameSize > size - end_) break;
    octets.resize(head.frameSize);
    if (!detail::readAt(file.get(), octets, end_)) return Failure(fileFailure(path_, "it cannot be read"));
    if (!detail::isWholeFrame(octets)) break;
    if (!places_.empty() && places_.back().to != head.from) places_.clear();
    places_.push_back({{head.from, head.to, head.time, head.frameSize}, end_});
    end_ += head.frameSize;
  }
  lostOctets_ = size - end_;
  file_ = std::make_shared<const UniqueFd>(std::move(file));
  return {};
}

ZoneJournal::Done ZoneJournal::cutLost() {
  if (lostOctets_ == 0 || ::ftruncate(file_->get(), static_cast<off_t>(end_)) == 0) return {};
  return Failure(fileFailure(path_));
}

std::uint64_t ZoneJournal::octetsOf(const ZoneDifference& difference) {
  return FrameHead::size + difference.octets();
}

ZoneJournal::Done ZoneJournal::append(const ZoneDifference& difference, Seconds time) {
  const std::uint64_t size = octetsOf(difference);
  if (size > std::min<std::uint64_t>(limits_.octets, UINT32_MAX) || limits_.differences == 0) return clear();
  const std::vector<std::uint8_t> frame = detail::frameOf(difference, time);
  const Entry entry{difference.from(), difference.to(), time, static_cast<std::uint32_t>(size)};
  const bool follows = places_.empty() || places_.back().to == entry.from;
  const bool hasRoom = end_ - header_.size() + size <= limits_.octets && places_.size() < limits_.differences;
  if (hasRoom && !mustRewrite_) return appendFrame(frame, entry, follows);
  return rewrite(follows ? firstWithRoomFor(size) : places_.size(), frame, &entry);
}

// A quarter of the journal becomes free at once, so that not each difference makes the file anew.
std::size_t ZoneJournal::firstWithRoomFor(std::uint64_t octets) const {
  const std::uint64_t most = limits_.octets - limits_.octets / 4;
  const std::size_t mostDifferences = limits_.differences - limits_.differences / 4;
  std::size_t first = places_.size();
  while (first > 0 && places_.size() - first + 1 < mostDifferences) {
    octets += places_[first - 1].octets;
    if (octets > most) break;
    --first;
  }
  return first;
}

ZoneJournal::Done ZoneJournal::appendFrame(ByteSpan frame, const Entry& entry, bool follows) {
  if (!detail::writeAt(file_->get(), frame, end_)) {
    auto failure = fileFailure(path_);
    mustRewrite_ = ::ftruncate(file_->get(), static_cast<off_t>(end_)) != 0;
    return Failure(std::move(failure));
  }
  const std::lock_guard lock(mutex_);
  if (!follows) places_.clear();
  places_.push_back({entry, end_});
  end_ += frame.size();
  return {};
}

// The file with those differences from a place on, and with a further one where there is an entry for it.
ZoneJournal::Done ZoneJournal::rewrite(std::size_t firstKept, ByteSpan frame, const Entry* entry) {
  ReplacementFile file(path_);
  file.write(header_);
  Places places;
  std::vector<std::uint8_t> octets;
  for (std::size_t i = firstKept; i < places_.size(); ++i) {
    octets.resize(places_[i].octets);
    if (!detail::readAt(file_->get(), octets, places_[i].at) || !detail::isWholeFrame(octets))
      return Failure(fileFailure(path_, "what was written to it cannot be read"));
    places.push_back({places_[i], file.size()});
    file.write(octets);
  }
  if (entry != nullptr) places.push_back({*entry, file.size()});
  file.write(frame);
  if (file.fd() >= 0 && !lockFile(file.fd())) return Failure(fileFailure(path_, "another program writes it"));
  auto written = file.takePlace();
  if (!written.ok()) {
    mustRewrite_ = true;  // it may have taken the place, and not be synced
    return Failure(fileFailure(path_, written.error()));
  }

  const std::lock_guard lock(mutex_);
  file_ = std::make_shared<const UniqueFd>(std::move(*written));
  places_ = std::move(places);
  end_ = file.size();
  mustRewrite_ = false;
  return {};
}

ZoneJournal::Done ZoneJournal::sync() {
  if (mustRewrite_) return rewrite(0, {}, nullptr);
  if (::fdatasync(file_->get()) == 0) return {};
  auto failure = fileFailure(path_);
  mustRewrite_ = true;
  return Failure(std::move(failure));
}

// Where the file cannot be cut it is written anew, without them.
ZoneJournal::Done ZoneJournal::takeBack(std::size_t differences) {
  {
    const std::lock_guard lock(mutex_);
    for (; differences > 0 && !places_.empty(); --differences) {
      end_ = places_.back().at;
      places_.pop_back();
    }
  }
  if (mustRewrite_ || ::ftruncate(file_->get(), static_cast<off_t>(end_)) == 0) return {};
  auto failure = fileFailure(path_);
  mustRewrite_ = true;
  return Failure(std::move(failure));
}

ZoneJournal::Done ZoneJournal::clear() {
  return rewrite(places_.size(), {}, nullptr);
}

ZoneJournal::Differences ZoneJournal::find(Serial from, std::size_t maxOctets) const {
  std::unique_lock lock(mutex_);
  const std::size_t end = places_.size();
  return readChain(end, from, maxOctets, std::move(lock));
}

// A serial may be that of another version too: of a file that was edited, or of a zone that has begun anew.
ZoneJournal::Differences ZoneJournal::find(const Zone& to, Serial from, std::size_t maxOctets) const {
  std::unique_lock lock(mutex_);
  std::size_t end = places_.size();
  while (end > 0 && places_[end - 1].to.value() != to.serial()) --end;
  Differences differences = readChain(end, from, maxOctets, std::move(lock));
  if (differences.empty()) return {};
  const ByteSpan expected = to.soa().data.front();
  const ByteSpan found = differences.back()->added().front().rdata;
  const bool same = std::equal(expected.begin(), expected.end(), found.begin(), found.end());
  return same ? std::move(differences) : Differences();
}

// From the newest one back: a serial may have come again after it went round. The file is read without the lock.
ZoneJournal::Differences ZoneJournal::readChain(std::size_t end, Serial from, std::size_t maxOctets,
                                                std::unique_lock<std::mutex> lock) const {
  std::size_t octets = 0;
  std::size_t first = end;
  while (first > 0 && (first == end || places_[first].from != from)) {
    octets += places_[--first].octets - FrameHead::size;
    if (octets > maxOctets) return {};
  }
  if (first == end || places_[first].from != from) return {};
  const std::vector<Place> chain(places_.begin() + static_cast<std::ptrdiff_t>(first),
                                 places_.begin() + static_cast<std::ptrdiff_t>(end));
  const File file = file_;
  lock.unlock();
  Differences differences;
  for (const Place& place : chain) {
    differences.push_back(read(file->get(), place));
    if (differences.back() == nullptr) return {};
  }
  return differences;
}

// Null where the file has been damaged since.
std::shared_ptr<const ZoneDifference> ZoneJournal::read(int fd, const Place& place) const {
  std::vector<std::uint8_t> frame(place.octets);
  if (!detail::readAt(fd, frame, place.at) || !detail::isWholeFrame(frame)) return nullptr;
  return detail::differenceOf(frame, origin_);
}

std::optional<Serial> ZoneJournal::first() const {
  const std::lock_guard lock(mutex_);
  return places_.empty() ? std::nullopt : std::optional(places_.front().from);
}

std::optional<Serial> ZoneJournal::last() const {
  const std::lock_guard lock(mutex_);
  return places_.empty() ? std::nullopt : std::optional(places_.back().to);
}

std::vector<ZoneJournal::Entry> ZoneJournal::entries() const {
  const std::lock_guard lock(mutex_);
  return {places_.begin(), places_.end()};
}

std::uint64_t ZoneJournal::octets() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

}  // namespace taut
