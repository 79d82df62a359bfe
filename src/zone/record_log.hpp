// The records of a zone in the order in which they were read, until the zone is built from them.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "arena.hpp"
#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/diagnostic.hpp"

namespace taut::detail {

// One record. Its RDATA follows; after that, at a multiple of `Arena::alignment`, comes the next record of the run.
struct LoggedRecord {
  std::uint32_t ttl;
  std::uint32_t line;
  std::uint16_t type;
  std::uint16_t size;

  ByteSpan rdata() const { return {reinterpret_cast<const std::uint8_t*>(this + 1), size}; }
  const LoggedRecord* next() const {
    const std::size_t step = (sizeof *this + size + Arena::alignment - 1) & ~(Arena::alignment - 1);
    return reinterpret_cast<const LoggedRecord*>(reinterpret_cast<const std::uint8_t*>(this) + step);
  }
};

// Records of one owner that were read one after the other from one file: the owner follows, then the records.
struct OwnerRun {
  std::uint16_t count;
  std::uint16_t block;  // of the arena
  std::uint16_t file;   // see RecordLog::file
  std::uint16_t ownerSize;

  NameView name() const { return NameView::trusted(reinterpret_cast<const std::uint8_t*>(this + 1), ownerSize); }
  const LoggedRecord* first() const {
    return reinterpret_cast<const LoggedRecord*>(reinterpret_cast<const std::uint8_t*>(this) + sizeFor(ownerSize));
  }
  static std::size_t sizeFor(std::size_t ownerSize) {
    return (sizeof(OwnerRun) + ownerSize + Arena::alignment - 1) & ~(Arena::alignment - 1);
  }
};

class RecordLog {
 public:
  void add(NameView owner, Type type, std::uint32_t ttl, ByteSpan rdata, const std::shared_ptr<const std::string>& file,
           std::uint32_t line) {
    if (files_.empty() || (files_.back() != file && files_.size() < UINT16_MAX)) files_.push_back(file);
    const std::size_t size = sizeof(LoggedRecord) + rdata.size();
    auto* const place = continuesRun(owner, size) ? arena_.allocate(size) : beginRun(owner, size);
    auto* const record = reinterpret_cast<LoggedRecord*>(place);
    record->ttl = ttl;
    record->line = line;
    record->type = static_cast<std::uint16_t>(type);
    record->size = static_cast<std::uint16_t>(rdata.size());
    if (!rdata.empty()) std::memcpy(record + 1, rdata.data(), rdata.size());
    ++runs_.back()->count;
    ++recordCount_;
    rdataSize_ += rdata.size();
    hasNsec3_ = hasNsec3_ || type == Type::NSEC3;
  }

  std::size_t runCount() const { return runs_.size(); }
  const OwnerRun& run(std::size_t index) const { return *runs_[index]; }
  std::size_t recordCount() const { return recordCount_; }
  std::size_t rdataSize() const { return rdataSize_; }  // octets, of all records
  bool hasNsec3() const { return hasNsec3_; }

  // The file of a run, by its number. After 65,535 changes of the file, all further records count as from the last one.
  const std::shared_ptr<const std::string>& file(std::size_t number) const { return files_[number]; }

  // The place for messages about the zone as a whole.
  RecordPlace wholeZone() const { return {files_.empty() ? nullptr : files_.front(), 0}; }

  // The run is done with. A block of memory goes back to the system when all runs in it are done with: for a file in
  // canonical order the log shrinks while the zone grows.
  void release(const OwnerRun& run) {
    const std::size_t block = run.block;
    if (--live_[block] == 0 && block != arena_.currentBlock()) arena_.release(block);
  }

  // All runs are done with. The names of files are kept.
  void releaseAll() {
    arena_ = {};
    runs_ = {};
    live_ = {};
  }

 private:
  bool continuesRun(NameView owner, std::size_t recordSize) const {
    if (runs_.empty() || !arena_.hasRoom(recordSize)) return false;
    const OwnerRun& last = *runs_.back();
    return last.count != UINT16_MAX && last.file == files_.size() - 1 && last.name() == owner;
  }

  // One allocation for the head of the run and its first record: the records of a run are found by their distance from
  // it.
  std::uint8_t* beginRun(NameView owner, std::size_t recordSize) {
    const std::size_t headSize = OwnerRun::sizeFor(owner.size());
    std::uint8_t* const head = arena_.allocate(headSize + recordSize);
    live_.resize(arena_.currentBlock() + 1);
    ++live_.back();
    auto* const run = reinterpret_cast<OwnerRun*>(head);
    run->count = 0;
    run->block = static_cast<std::uint16_t>(live_.size() - 1);
    run->file = static_cast<std::uint16_t>(files_.size() - 1);
    run->ownerSize = static_cast<std::uint16_t>(owner.size());
    std::memcpy(run + 1, owner.data(), owner.size());
    runs_.push_back(run);
    return head + headSize;
  }

  Arena arena_;
  std::deque<OwnerRun*> runs_;       // grows without being copied
  std::vector<std::uint32_t> live_;  // runs of each block that were not released
  std::vector<std::shared_ptr<const std::string>> files_;
  std::size_t recordCount_ = 0;
  std::size_t rdataSize_ = 0;
  bool hasNsec3_ = false;
};

}  // namespace taut::detail
