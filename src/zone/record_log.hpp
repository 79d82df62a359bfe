// The records of a zone in the order in which they were read, until the zone is built from them.
#pragma once

#include <algorithm>
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

namespace taut::detail {

// One record; its RDATA follows, and behind that, at a multiple of `Arena::alignment`, the run's next record.
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

// Records of one owner that were read one after the other: the owner follows, then the records.
struct OwnerRun {
  std::uint32_t count;
  std::uint32_t ownerSize;

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
    const std::size_t size = sizeof(LoggedRecord) + rdata.size();
    const bool continues = !runs_.empty() && arena_.hasRoom(size) && runs_.back()->name() == owner;
    auto* const place = continues ? arena_.allocate(size) : beginRun(owner, size);
    auto* const record = reinterpret_cast<LoggedRecord*>(place);
    record->ttl = ttl;
    record->line = line;
    record->type = static_cast<std::uint16_t>(type);
    record->size = static_cast<std::uint16_t>(rdata.size());
    if (!rdata.empty()) std::memcpy(record + 1, rdata.data(), rdata.size());
    ++runs_.back()->count;
    ++recordCount_;
    rdataSize_ += rdata.size();
    if (stretches_.empty() || stretches_.back().end != arena_.blockEnd() || stretches_.back().file != file)
      stretches_.push_back({place, arena_.blockEnd(), file});
  }

  std::size_t runCount() const { return runs_.size(); }
  const OwnerRun& run(std::size_t index) const { return *runs_[index]; }
  std::size_t recordCount() const { return recordCount_; }
  std::size_t rdataSize() const { return rdataSize_; }  // octets, of all records

  // The file that a record of this log was read from, or without one, the first file.
  std::shared_ptr<const std::string> fileOf(const LoggedRecord* record) const {
    if (stretches_.empty()) return nullptr;
    const auto* const at = reinterpret_cast<const std::uint8_t*>(record);
    const auto last = std::find_if(stretches_.rbegin(), stretches_.rend(),
                                   [at](const Stretch& one) { return one.begin <= at && at < one.end; });
    return last != stretches_.rend() ? last->file : stretches_.front().file;
  }

 private:
  // Records of one file that lie in one block; a later stretch of the block ends an earlier one.
  struct Stretch {
    const std::uint8_t* begin;
    const std::uint8_t* end;
    std::shared_ptr<const std::string> file;
  };

  // One allocation for the run's head and its first record: records of a run are found by their distance.
  std::uint8_t* beginRun(NameView owner, std::size_t recordSize) {
    const std::size_t headSize = OwnerRun::sizeFor(owner.size());
    std::uint8_t* const head = arena_.allocate(headSize + recordSize);
    auto* const run = reinterpret_cast<OwnerRun*>(head);
    run->count = 0;
    run->ownerSize = static_cast<std::uint32_t>(owner.size());
    std::memcpy(run + 1, owner.data(), owner.size());
    runs_.push_back(run);
    return head + headSize;
  }

  Arena arena_;
  std::deque<OwnerRun*> runs_;  // grows without being copied
  std::vector<Stretch> stretches_;
  std::size_t recordCount_ = 0;
  std::size_t rdataSize_ = 0;
};

}  // namespace taut::detail
