// A resource record set (RFC 2181 section 5), borrowed from the storage of a zone, a cache entry or an answer.
//
// RDATA is kept in wire form with uncompressed names, record after record, each preceded by its length in two octets
// (big endian): the form that zones store, and that goes into a reply without knowledge of the type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"

namespace taut {

inline constexpr std::size_t maxRdataSize = 65535;   // octets; RDLENGTH has 16 bits (RFC 1035 section 3.2.1)
inline constexpr std::size_t leastRecordSize = 11;   // octets; a record with a root owner and no RDATA
inline constexpr std::uint32_t maxTtl = 0x7fffffff;  // seconds (RFC 2181 section 8)

struct RRset {
  // Walks the RDATA of the records in order.
  class Iterator {
   public:
    using value_type = ByteSpan;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    Iterator(const std::uint8_t* at, std::size_t left) : at_(at), left_(left) {}

    ByteSpan operator*() const { return {at_ + 2, loadU16(at_)}; }
    Iterator& operator++() {
      at_ += 2u + loadU16(at_);
      --left_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.left_ == b.left_; }

   private:
    const std::uint8_t* at_ = nullptr;
    std::size_t left_ = 0;
  };

  NameView owner;
  const std::uint8_t* rdata = nullptr;  // `count` times: length, then that many octets
  std::uint32_t ttl = 0;                // seconds, at most `maxTtl`
  Type type{};
  Class rrClass = Class::IN;
  std::uint16_t count = 0;  // records; an RRset in an answer has at least one

  Iterator begin() const { return {rdata, count}; }
  Iterator end() const { return {nullptr, 0}; }
  ByteSpan front() const { return *begin(); }
};

}  // namespace taut
