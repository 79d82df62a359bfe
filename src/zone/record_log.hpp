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

namespace taut::detail {

// One record; its RDATA follows, and behind that, at a multiple of `Arena::alignment`, the run's next record.
struct LoggedRecord {
  std::uint32_t ttl;
  std::uint32_t line;
  std::uint16_t type;
  std::uint16_t size;
  std::uint32_t file;  // index into the files of the log

  ByteSpan rdata() const { return {reinterpret_cast<const std::uint8_t*>(this + 1), size}; }
  const LoggedRecord* next() const {
    const std::size_t step = (sizeof *this + size + Arena::alignment - 1) & ~(Arena::alignment - 1);
    return reinterpret_cast<const LoggedRecord*>(reinterpret_cast<const std::uint8_t*>(this) + step);
  }
};

// Records of one owner that were read one after the other.
struct OwnerRun {
  const std::uint8_t* owner;  // wire form
  const LoggedRecord* first;
  std::uint32_t count;
  std::uint8_t ownerSize;

  NameView name() const { return NameView::trusted(owner, ownerSize); }
};

class RecordLog {
 public:
  void add(NameView owner, Type type, std::uint32_t ttl, ByteSpan rdata, const std::shared_ptr<const std::string>& file,
           std::uint32_t line) {
    const std::size_t size = sizeof(LoggedRecord) + rdata.size();
    if (runs_.empty() || !arena_.hasRoom(size) || owner != runs_.back().name()) beginRun(owner);
    auto* const record = reinterpret_cast<LoggedRecord*>(arena_.allocate(size));
    record->ttl = ttl;
    record->line = line;
    record->type = static_cast<std::uint16_t>(type);
    record->size = static_cast<std::uint16_t>(rdata.size());
    record->file = fileIndex(file);
    if (!rdata.empty()) std::memcpy(record + 1, rdata.data(), rdata.size());
    OwnerRun& run = runs_.back();
    if (run.count++ == 0) run.first = record;
    ++recordCount_;
    rdataSize_ += rdata.size();
  }

  std::vector<OwnerRun>& runs() { return runs_; }
  const std::shared_ptr<const std::string>& file(std::uint32_t index) const { return files_[index]; }
  std::size_t recordCount() const { return recordCount_; }
  std::size_t rdataSize() const { return rdataSize_; }  // octets, of all records

 private:
  void beginRun(NameView owner) {
    std::uint8_t* const name = arena_.allocate(owner.size());
    std::memcpy(name, owner.data(), owner.size());
    runs_.push_back({name, nullptr, 0, static_cast<std::uint8_t>(owner.size())});
  }

  std::uint32_t fileIndex(const std::shared_ptr<const std::string>& file) {
    if (files_.empty() || files_.back() != file) files_.push_back(file);
    return static_cast<std::uint32_t>(files_.size() - 1);
  }

  Arena arena_;
  std::vector<OwnerRun> runs_;
  std::vector<std::shared_ptr<const std::string>> files_;
  std::size_t recordCount_ = 0;
  std::size_t rdataSize_ = 0;
};

}  // namespace taut::detail
