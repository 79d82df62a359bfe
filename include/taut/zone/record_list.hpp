// Records in one run of octets, in the order in which they were added: what a difference between two versions of a zone
// is made of, and the form in which a journal keeps it.
//
// A record is the size of its owner in one octet, type, TTL and size of the RDATA in 2, 4 and 2 (big endian), the
// owner, and the RDATA in wire form with uncompressed names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"

namespace taut {

// A record of a zone, borrowed. Its class is that of the zone.
struct ZoneRecord {
  NameView owner;
  Type type{};
  std::uint32_t ttl = 0;  // seconds, at most `maxTtl`
  ByteSpan rdata;         // wire form with uncompressed names, at most `maxRdataSize` octets
};

class RecordList {
 public:
  // Views of the records, which live until the list is changed.
  class Iterator {
   public:
    using value_type = ZoneRecord;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    explicit Iterator(const std::uint8_t* at) : at_(at) {}

    ZoneRecord operator*() const {
      const std::uint8_t* const owner = at_ + headSize;
      return {NameView::trusted(owner, at_[0]), static_cast<Type>(loadU16(at_ + 1)), loadU32(at_ + 3),
              ByteSpan(owner + at_[0], loadU16(at_ + 7))};
    }
    Iterator& operator++() {
      at_ += headSize + at_[0] + loadU16(at_ + 7);
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const std::uint8_t* at_ = nullptr;
  };

  RecordList() = default;
  RecordList(const RecordList&) = default;
  RecordList& operator=(const RecordList&) = default;
  // What was moved from is empty.
  RecordList(RecordList&& other) noexcept
      : octets_(std::exchange(other.octets_, {})), size_(std::exchange(other.size_, 0)) {}
  RecordList& operator=(RecordList&& other) noexcept {
    octets_ = std::exchange(other.octets_, {});
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  // What `octets` of a list are, copied; nothing where they are not whole records with valid names and RDATA.
  static std::optional<RecordList> read(ByteSpan octets);

  void add(const ZoneRecord& record);

  Iterator begin() const { return Iterator(octets_.data()); }
  Iterator end() const { return Iterator(octets_.data() + octets_.size()); }
  std::size_t size() const { return size_; }  // records
  bool empty() const { return size_ == 0; }
  ZoneRecord front() const { return *begin(); }

  ByteSpan octets() const { return octets_; }
  // How many octets a record takes in a list.
  static std::size_t octetsOf(const ZoneRecord& record) { return headSize + record.owner.size() + record.rdata.size(); }
  void shrinkToFit() { octets_.shrink_to_fit(); }

 private:
  static constexpr std::size_t headSize = 9;

  std::vector<std::uint8_t> octets_;
  std::size_t size_ = 0;
};

}  // namespace taut
