// The records of a zone in the order in which they were read, until the zone is built from them.
#pragma once

#include <cstdint>
#include <cstring>
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
    const auto* const begin = reinterpret_cast<const std::uint8_t*>(this);
    return reinterpret_cast<const LoggedRecord*>(begin + Arena::rounded(sizeof *this + size));
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
  // Behind its last record.
  const std::uint8_t* end() const {
    const LoggedRecord* record = first();
    for (std::uint16_t i = 0; i < count; ++i) record = record->next();
    return reinterpret_cast<const std::uint8_t*>(record);
  }
  static std::size_t sizeFor(std::size_t ownerSize) { return Arena::rounded(sizeof(OwnerRun) + ownerSize); }
};

// The place of a run in the log. Those of later runs are larger.
using RunPlace = std::uint32_t;

class RecordLog {
 public:
  // What is added after that many octets is not kept, and `isFull` says so.
  static constexpr std::uint64_t maxOctets = std::uint64_t{16} << 30;

  void add(NameView owner, Type type, std::uint32_t ttl, ByteSpan rdata, const std::shared_ptr<const std::string>& file,
           std::uint32_t line) {
    if (files_.empty() || (files_.back() != file && files_.size() < UINT16_MAX)) files_.push_back(file);
    const std::size_t size = sizeof(LoggedRecord) + rdata.size();
    auto* const place = continuesRun(owner, size) ? arena_.allocate(size) : beginRun(owner, size);
    if (place == nullptr) return;
    auto* const record = reinterpret_cast<LoggedRecord*>(place);
    record->ttl = ttl;
    record->line = line;
    record->type = static_cast<std::uint16_t>(type);
    record->size = static_cast<std::uint16_t>(rdata.size());
    if (!rdata.empty()) std::memcpy(record + 1, rdata.data(), rdata.size());
    ++last_->count;
    ++recordCount_;
    rdataSize_ += rdata.size();
    hasNsec3_ = hasNsec3_ || type == Type::NSEC3;
  }

  bool isFull() const { return isFull_; }
  std::size_t runCount() const { return runCount_; }
  const OwnerRun& run(RunPlace place) const {
    return *reinterpret_cast<const OwnerRun*>(arena_.block(place >> offsetBits) +
                                              (place & offsetMask) * Arena::alignment);
  }
  RunPlace placeOf(const OwnerRun& run) const {
    const auto offset = reinterpret_cast<const std::uint8_t*>(&run) - arena_.block(run.block);
    return RunPlace{run.block} << offsetBits | static_cast<RunPlace>(offset) / Arena::alignment;
  }
  // The first run, and the one after a run; null: there is none. Before any run is released.
  const OwnerRun* firstRun() const { return runCount_ == 0 ? nullptr : &run(0); }
  const OwnerRun* nextRun(const OwnerRun& run) const {
    if (&run == last_) return nullptr;
    const std::uint8_t* const end = run.end();
    const bool isLastOfBlock = end == blocks_[run.block].end;
    return reinterpret_cast<const OwnerRun*>(isLastOfBlock ? arena_.block(run.block + 1u) : end);
  }
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
    if (--blocks_[block].live == 0 && block != arena_.currentBlock()) arena_.release(block);
  }

  // All runs are done with. The names of files are kept.
  void releaseAll() {
    arena_ = {};
    blocks_.clear();
    last_ = nullptr;
    runCount_ = 0;
  }

 private:
  // A place is the number of a block, and the distance from its start in units of the alignment.
  static constexpr unsigned offsetBits = 21;
  static constexpr RunPlace offsetMask = (RunPlace{1} << offsetBits) - 1;
  static constexpr std::size_t maxBlocks = std::size_t{1} << (32 - offsetBits);
  static_assert(Arena::largestBlock <= (std::size_t{1} << offsetBits) * Arena::alignment);
  static_assert(maxBlocks * Arena::largestBlock == maxOctets);

  struct RunBlock {
    std::uint32_t live = 0;             // runs that were not released
    const std::uint8_t* end = nullptr;  // of its last run, when another block has been begun
  };

  bool continuesRun(NameView owner, std::size_t recordSize) const {
    return last_ != nullptr && arena_.hasRoom(recordSize) && last_->count != UINT16_MAX &&
           last_->file == files_.size() - 1 && last_->name() == owner;
  }

  // One allocation for the head of the run and its first record: the records of a run are found by their distance from
  // it. Null when the log is full.
  std::uint8_t* beginRun(NameView owner, std::size_t recordSize) {
    const std::size_t headSize = OwnerRun::sizeFor(owner.size());
    if (!arena_.hasRoom(headSize + recordSize)) {
      isFull_ = blocks_.size() == maxBlocks;
      if (isFull_) return nullptr;
      if (last_ != nullptr) blocks_.back().end = last_->end();
      blocks_.emplace_back();
    }
    std::uint8_t* const head = arena_.allocate(headSize + recordSize);
    ++blocks_.back().live;
    auto* const run = reinterpret_cast<OwnerRun*>(head);
    run->count = 0;
    run->block = static_cast<std::uint16_t>(blocks_.size() - 1);
    run->file = static_cast<std::uint16_t>(files_.size() - 1);
    run->ownerSize = static_cast<std::uint16_t>(owner.size());
    std::memcpy(run + 1, owner.data(), owner.size());
    last_ = run;
    ++runCount_;
    return head + headSize;
  }

  Arena arena_;
  std::vector<RunBlock> blocks_;  // of the arena
  OwnerRun* last_ = nullptr;
  std::size_t runCount_ = 0;
  bool isFull_ = false;
  std::vector<std::shared_ptr<const std::string>> files_;
  std::size_t recordCount_ = 0;
  std::size_t rdataSize_ = 0;
  bool hasNsec3_ = false;
};

}  // namespace taut::detail
